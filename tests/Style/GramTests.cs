using ImageGen.Style;
using TorchSharp;
using static TorchSharp.torch;
using Gram = ImageGen.Style.Gram;

namespace ImageGen.Tests;

public class GramTests
{
    [Fact]
    public void AMatrixWorkedByHand()
    {
        using var scope = NewDisposeScope();
        // Two channels of 1×3 positions: (1 2 3) and (0 1 −1).
        var features = tensor(new float[] { 1, 2, 3, 0, 1, -1 }).view(1, 2, 1, 3);
        Assert.Equal([14f, -1, -1, 2], Values(Gram.Of(features, GramNormalization.None)));
        AssertClose([14 / 3.0, -1 / 3.0, -1 / 3.0, 2 / 3.0], Gram.Of(features, GramNormalization.Positions));
        AssertClose([14 / 6.0, -1 / 6.0, -1 / 6.0, 2 / 6.0], Gram.Of(features, GramNormalization.ChannelsAndPositions));
        AssertClose([14 / 3.0, -1 / 3.0, -1 / 3.0, 2 / 3.0], Gram.Of(features));
    }

    [Fact]
    public void PicturesOfABatchKeepApart()
    {
        using var scope = NewDisposeScope();
        var features = rand(3, 4, 5, 6);
        var together = Gram.Of(features);
        for (var i = 0; i < 3; i++)
            Assert.True(together[i].allclose(Gram.Of(features.narrow(0, i, 1))[0]));
    }

    [Fact]
    public void PublishedConventionsAreTheseMultiplesOfGatysLoss()
    {
        using var scope = NewDisposeScope();
        const int channels = 5, height = 4, width = 3, positions = height * width;
        var (a, b) = (rand(1, channels, height, width, dtype: ScalarType.Float64), rand(1, channels, height, width, dtype: ScalarType.Float64));
        var gatys = GatysByLoops(a, b, channels, positions);

        double MeanSquare(GramNormalization normalization) => (Gram.Of(a, normalization) - Gram.Of(b, normalization)).square().mean().ToDouble();
        double SumSquare(GramNormalization normalization) => (Gram.Of(a, normalization) - Gram.Of(b, normalization)).square().sum().ToDouble();

        Assert.Equal(4 * gatys, MeanSquare(GramNormalization.Positions), 1e-9);
        Assert.Equal(4 * gatys, SumSquare(GramNormalization.ChannelsAndPositions), 1e-9);
        Assert.Equal(4 * gatys / (channels * channels), MeanSquare(GramNormalization.ChannelsAndPositions), 1e-9);
    }

    [Fact]
    public void MovingPositionsAboutChangesNothing()
    {
        using var scope = NewDisposeScope();
        var features = rand(1, 6, 5, 7);
        var shuffled = features.flatten(2).index_select(2, randperm(35)).view(1, 6, 5, 7);
        Assert.False(features.equal(shuffled).all().item<bool>());
        Assert.True(Gram.Of(features).allclose(Gram.Of(shuffled), rtol: 1e-5));
        Assert.True(Gram.Of(features).allclose(Gram.Of(features.flip(3)), rtol: 1e-5));
    }

    // E = Σ (G − A)² / (4 N² M²) with raw Gram matrices, as Gatys and others print it, in plain loops.
    private static double GatysByLoops(Tensor a, Tensor b, int channels, int positions)
    {
        var (first, second) = (a.flatten().data<double>().ToArray(), b.flatten().data<double>().ToArray());
        var sum = 0.0;
        for (var i = 0; i < channels; i++)
            for (var j = 0; j < channels; j++)
            {
                var difference = 0.0;
                for (var k = 0; k < positions; k++)
                    difference += first[i * positions + k] * first[j * positions + k] - second[i * positions + k] * second[j * positions + k];
                sum += difference * difference;
            }
        return sum / (4.0 * channels * channels * positions * positions);
    }

    private static float[] Values(Tensor tensor) => tensor.flatten().data<float>().ToArray();

    private static void AssertClose(double[] expected, Tensor actual) =>
        Assert.All(expected.Zip(Values(actual)), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
}
