using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>Latent diffusion: how near the U-Net comes to the machine's speed, what the loop adds, and what one batch for guidance saves.</summary>
public static class DiffusionBench
{
    private const int Batch = 16, Tokens = 20, Words = 128;

    public static IEnumerable<Measurement> Run() => Speeds().Concat(OneBatch()).Concat(Loop());

    private static IEnumerable<Measurement> Speeds()
    {
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.Petals(Words), Compute.Device);
        var inputs = Inputs(Batch);
        var (a, b) = (rand(1024, 1024), rand(1024, 1024));
        const double productWork = 2.0 * 1024 * 1024 * 1024 / 1e9;
        var work = 2 * UNetWork.Multiplications(unet, Batch, unet.Config.LatentSide, Tokens) / 1e9;
        var (train, product, _) = Paired.Time(() => TrainStep(unet, inputs), () => a.matmul(b).Dispose(), rounds: 9);
        yield return new("U-Net training step, batch 16", train, "s");
        yield return new("  against matrix product", 3 * work / train / (productWork / product), AtLeast: 0.5);
        var (sample, product2, _) = Paired.Time(() => Look(unet, inputs), () => a.matmul(b).Dispose(), rounds: 9);
        yield return new("U-Net look, batch 16", sample, "s");
        yield return new("  against matrix product", work / sample / (productWork / product2), AtLeast: 0.6);
    }

    private static IEnumerable<Measurement> OneBatch()
    {
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.Petals(Words), Compute.Device);
        var (two, one) = (Inputs(2), Inputs(1));
        var (_, _, ratio) = Paired.Time(() =>
        {
            Look(unet, one);
            Look(unet, one);
        }, () => Look(unet, two), rounds: 15);
        yield return new("two looks against one batch of two", ratio, AtLeast: 1.3);
    }

    /// <summary>The loop of our trainers around steps, against the steps alone.</summary>
    private static IEnumerable<Measurement> Loop()
    {
        const int steps = 5;
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.Petals(Words), Compute.Device);
        var inputs = Inputs(Batch);
        var (_, _, ratio) = Paired.Time(
            () => new StepLoop(steps, ["loss"]).Run(_ => TrainStep(unet, inputs)),
            () => { for (var i = 0; i < steps; i++) { using var one = NewDisposeScope(); TrainStep(unet, inputs); } }, rounds: 7);
        yield return new("training loop against bare steps", ratio, AtMost: 1.02);
    }

    private static (Tensor X, Tensor Moments, Tensor Words) Inputs(int count) =>
        (randn(count, 4, 16, 16), randint(1000, [count], ScalarType.Int64), randn(count, Tokens, Words));

    private static void Look(UNet unet, (Tensor X, Tensor Moments, Tensor Words) inputs)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        unet.call(inputs.X, inputs.Moments, inputs.Words, null);
    }

    private static Tensor TrainStep(UNet unet, (Tensor X, Tensor Moments, Tensor Words) inputs)
    {
        using var scope = NewDisposeScope();
        var loss = unet.call(inputs.X, inputs.Moments, inputs.Words, null).square().mean();
        unet.zero_grad();
        loss.backward();
        return loss.detach().view(1).MoveToOuterDisposeScope();
    }
}
