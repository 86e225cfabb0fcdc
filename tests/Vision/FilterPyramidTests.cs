using System.Text.Json;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class FilterPyramidTests
{
    [Fact]
    public void AGaborFilterEqualsTheFormulaWorkedWithNumPy()
    {
        using var scope = NewDisposeScope();
        var fixture = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "style.json"))).RootElement;
        var expected = fixture.GetProperty("gabor").EnumerateArray().Select(value => value.GetDouble()).ToArray();
        var filter = FilterBanks.Gabor(size: 9, wavelength: 6, angle: Math.PI / 6, phase: Math.PI / 2).flatten().to(ScalarType.Float64);
        Assert.All(expected.Zip(filter.data<double>()), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void TheBanksHaveTheirSizesNormsAndNoAnswerToFlatColor()
    {
        using var scope = NewDisposeScope();
        var (gabors, cosines) = (FilterBanks.GaborBank(), FilterBanks.CosineBank());
        Assert.Equal([51, 3, 9, 9], gabors.shape);
        Assert.Equal([24, 3, 3, 3], cosines.shape);
        var norms = gabors.flatten(1).norm(1).data<float>().ToArray();
        Assert.All(norms[..48], norm => Assert.Equal(2, norm, 1e-4));
        Assert.All(norms[48..], norm => Assert.Equal(1, norm, 1e-4));
        Assert.All(gabors.narrow(0, 0, 48).sum([2, 3]).flatten().data<float>(), sum => Assert.Equal(0, sum, 1e-4));
        Assert.All(cosines.sum([2, 3]).flatten().data<float>(), sum => Assert.Equal(0, sum, 1e-5));
        // The cosine filters are at right angles to one another, within a color and across colors.
        var rows = cosines.flatten(1);
        Assert.Equal(0, (rows.matmul(rows.t()) - 4 * eye(24)).abs().max().ToDouble(), 1e-4);
    }

    [Fact]
    public void BrightAndDarkAreTwoChannels()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var picture = DeadLeaves.Draw(1, 32, seed: 1);
        var (map, negative) = (network.Extract(picture, "gabor1")["gabor1"], network.Extract(1 - picture, "gabor1")["gabor1"]);
        // The negative of a picture swaps the two halves, and no place is bright and dark at once.
        Assert.True(map.narrow(1, 0, 51).allclose(negative.narrow(1, 51, 51), rtol: 1e-3, atol: 1e-4));
        Assert.Equal(0, (map.narrow(1, 0, 51) * map.narrow(1, 51, 51)).max().ToDouble());
    }

    [Fact]
    public void LayersHaveTheirPlaceAndSize()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var maps = network.Extract(rand(1, 3, 64, 48), [.. network.LayerNames]);
        Assert.Equal(network.LayerNames, maps.Names);
        (string, long[])[] expected =
        [
            ("cosine", [1, 48, 64, 48]), ("gabor1", [1, 102, 64, 48]), ("gabor2", [1, 102, 32, 24]), ("gabor3", [1, 102, 16, 12]),
            ("random1_1", [1, 32, 64, 48]), ("random1_2", [1, 32, 64, 48]), ("random2_1", [1, 64, 32, 24]),
            ("random2_2", [1, 64, 32, 24]), ("random3_1", [1, 128, 16, 12]), ("random3_2", [1, 128, 16, 12]),
        ];
        Assert.All(expected, layer => Assert.Equal(layer.Item2, maps[layer.Item1].shape));
    }

    [Fact]
    public void OneLayerAloneIsTheSameAsAmongAll()
    {
        using var scope = NewDisposeScope();
        using var network = new FilterPyramid();
        var picture = rand(1, 3, 40, 40);
        var all = network.Extract(picture, [.. network.LayerNames]);
        foreach (var layer in network.LayerNames)
        {
            var alone = network.Extract(picture, layer);
            Assert.Equal([layer], alone.Names);
            Assert.True(alone[layer].equal(all[layer]).all().item<bool>(), layer);
        }
    }

    [Fact]
    public void CalibrationGivesEveryChannelMeanZeroAndVarianceOneBeforeItsRelu()
    {
        using var scope = NewDisposeScope();
        var pictures = DeadLeaves.Draw(count: 2, size: 64, seed: 5);
        using var network = new FilterPyramid(seed: 5, pictures);
        var before = network.Extract(pictures, "random2_1")["random2_1"];
        var layer = network.named_modules().First(module => module.name == "random2_2").module;
        var convolution = Assert.IsType<TorchSharp.Modules.Conv2d>(layer);
        var raw = convolution.forward(nn.functional.pad(before, (1, 1, 1, 1), PaddingModes.Reflect));
        Assert.All(raw.mean([0, 2, 3]).data<float>(), mean => Assert.Equal(0, mean, 1e-3));
        Assert.All(raw.square().mean([0, 2, 3]).data<float>(), variance => Assert.Equal(1, variance, 2e-3));
    }

    [Fact]
    public void RandomLayersAreOrthogonalAndBelongToTheirSeed()
    {
        using var scope = NewDisposeScope();
        using var first = new FilterPyramid(seed: 1);
        using var again = new FilterPyramid(seed: 1);
        using var other = new FilterPyramid(seed: 2);
        var weight = first.state_dict()["random3_1.weight"];
        Assert.True(weight.equal(again.state_dict()["random3_1.weight"]).all().item<bool>());
        Assert.False(weight.equal(other.state_dict()["random3_1.weight"]).all().item<bool>());
        // Calibration scales rows, which leaves right angles right.
        var rows = nn.functional.normalize(weight.flatten(1), dim: 1);
        Assert.Equal(0, (rows.matmul(rows.t()) - eye(128)).abs().max().ToDouble(), 1e-4);
    }

    [Fact]
    public void DeadLeavesAreTheSameOnEveryMachine()
    {
        using var scope = NewDisposeScope();
        var pictures = DeadLeaves.Draw(count: 1, size: 16, seed: 1);
        Assert.Equal([1, 3, 16, 16], pictures.shape);
        Assert.True(pictures.ge(0).all().item<bool>() && pictures.le(1).all().item<bool>());
        Assert.True(pictures.equal(DeadLeaves.Draw(count: 1, size: 16, seed: 1)).all().item<bool>());
        Assert.True(pictures.var().ToDouble() > 0.01);
    }
}
