using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// What the encoder says of pictures: for each latent a normal distribution (Kingma and Welling, arXiv 1312.6114). The
/// tensors belong to the caller's dispose scope.
/// </summary>
/// <param name="Mean">The likeliest latents, <c>[B, 4, H/f, W/f]</c>, not scaled.</param>
/// <param name="LogVariance">The logarithm of their variance, between −30 and 20, in the same shape.</param>
public sealed record LatentDistribution(Tensor Mean, Tensor LogVariance)
{
    /// <summary>Draws latents: mean + σ·noise.</summary>
    /// <param name="generator">Where chance comes from; torch's own when not given.</param>
    public Tensor Sample(Generator? generator = null)
    {
        using var scope = NewDisposeScope();
        return (Mean + (LogVariance * 0.5).exp() * randn(Mean.shape, device: Mean.device, generator: generator))
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// How far the latents are from standard normal ones: the mean over all latents of ½(μ² + σ² − 1 − ln σ²), in nats.
    /// </summary>
    public Tensor Divergence()
    {
        using var scope = NewDisposeScope();
        return ((Mean.square() + LogVariance.exp() - 1 - LogVariance).mean() * 0.5).MoveToOuterDisposeScope();
    }
}
