using ImageGen.Diffusion;

namespace ImageGen.Adapters;

/// <summary>The memory that a fine-tuning will need where it computes, in bytes.</summary>
/// <param name="Weights">The U-Net's, counted.</param>
/// <param name="Learning">The adapter with its gradients, Adam's two moments and its averages, counted.</param>
/// <param name="Step">What a step keeps for the way back, estimated from measured steps of Stable Diffusion 1.5.</param>
public sealed record FineTuneForecast(long Weights, long Learning, long Step)
{
    // Bench finetune: Stable Diffusion 1.5 with an adapter of rank 8, 512 × 512, one picture. The adapter's inputs are float32 in both.
    private const double Float32Step = 1.70e9, HalfStep = 1.14e9;

    /// <summary>All of it.</summary>
    public long Total => Weights + Learning + Step;

    internal static FineTuneForecast Of(UNet unet, long weights, long learning, int batch, int latentSide)
    {
        // What is kept are maps, as many as the blocks have channels, at each place.
        var like = (double)latentSide * latentSide / (64 * 64) * unet.Config.Channels[0] / UNetConfig.StableDiffusion.Channels[0];
        var measured = unet.Type == TorchSharp.torch.ScalarType.Float32 ? Float32Step : HalfStep;
        return new(weights, 5 * sizeof(float) * learning, (long)(measured * like * batch));
    }
}
