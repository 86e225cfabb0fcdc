using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>In both layouts of its maps a network computes the same, to rounding.</summary>
public sealed class LayoutAgreementTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    [Fact]
    public void FeatureNetworksAgree()
    {
        using var network = new VggFeatures(lastLayer: "relu3_1");
        var picture = rand([1, 3, 40, 56], requires_grad: true);
        Agree(() =>
        {
            var maps = network.Extract(picture, "relu1_1", "relu3_1");
            return [maps["relu1_1"], maps["relu3_1"], autograd.grad([maps["relu3_1"].sum()], [picture])[0]];
        });
    }

    [Fact]
    public void TheAutoencoderAgrees()
    {
        using var model = FormulaWeights.Fill(new AutoencoderKL(DiffusionFixtures.TinyAutoencoder));
        var pictures = rand(2, 3, 16, 16) * 2 - 1;
        Agree(() => [model.Encode(pictures).Mean, model.call(pictures)]);
    }

    [Fact]
    public void TheUNetAgrees()
    {
        using var unet = FormulaWeights.Fill(new UNet(DiffusionFixtures.TinyUNet));
        var (latents, context) = (randn(2, 4, 8, 8), randn(2, 5, DiffusionFixtures.TinyUNet.ContextWidth));
        Agree(() => [unet.call(latents, full([2], 500f), context, null)]);
    }

    public void Dispose()
    {
        MemoryLayout.ForceChannelsLast = null;
        scope.Dispose();
    }

    private static void Agree(Func<Tensor[]> compute)
    {
        MemoryLayout.ForceChannelsLast = false;
        var contiguous = compute();
        MemoryLayout.ForceChannelsLast = true;
        foreach (var (one, other) in contiguous.Zip(compute()))
            Assert.InRange(((one - other).abs().max() / one.abs().max()).ToDouble(), 0, 1e-5);
    }
}
