using ImageGen.Diffusion;

namespace ImageGen.Adapters;

/// <summary>The memory that a fine-tuning will need where it computes, in bytes.</summary>
/// <param name="Weights">The U-Net's, counted.</param>
/// <param name="Learning">The adapter with its gradients, Adam's two moments and its averages, counted.</param>
/// <param name="Step">What a step keeps for the way back and computes with, estimated from measured steps of Stable Diffusion 1.5.</param>
public sealed record FineTuneForecast(long Weights, long Learning, long Step)
{
    // Bench finetune: Stable Diffusion 1.5 with an adapter of rank 8. What a picture of 512 × 512 keeps, a quarter of it at 256 × 256; and
    // what is needed whatever the pictures are: weights in another order, and those of four bits made whole.
    private const double Float32Maps = 1.71e9, HalfMaps = 1.14e9, Float32Room = 0.52e9, HalfRoom = 0.19e9, FourBitRoom = 0.66e9;

    /// <summary>All of it.</summary>
    public long Total => Weights + Learning + Step;

    internal static FineTuneForecast Of(UNet unet, long weights, bool fourBits, long learning, int batch, int latentSide)
    {
        var (maps, room) = unet.Type == TorchSharp.torch.ScalarType.Float32 ? (Float32Maps, Float32Room) : (HalfMaps, HalfRoom);
        if (fourBits) room = FourBitRoom;
        // What is kept are maps, as many as the blocks have channels, at each place.
        var like = (double)latentSide * latentSide / (64 * 64) * unet.Config.Channels[0] / UNetConfig.StableDiffusion.Channels[0];
        var size = unet.parameters().Sum(parameter => parameter.numel()) / 859_520_964.0;
        return new(weights, 5 * sizeof(float) * learning, (long)(maps * like * batch + room * size));
    }
}
