using ImageGen.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Tells pictures from an autoencoder's, patch by patch (PatchGAN: Isola and others, arXiv 1611.07004; for
/// autoencoders: Esser and others, arXiv 2012.09841). Each of its scores looks at 26 × 26 pixels and at the latents
/// that belong there, so that what it asks for is not just any detail, but one that fits.
/// </summary>
/// <remarks>
/// Two convolutions halve the picture, so it serves autoencoders of 4 pixels to a latent; then the latents are put
/// beside the maps. Norms keep it from growing without bound.
/// </remarks>
public sealed class PatchDiscriminator : NamedModule<Tensor, Tensor, Tensor>
{
    /// <summary>Pixels to a latent, across and down, with which it works.</summary>
    public const int Factor = 4;

    private const int Groups = 6;
    private readonly Conv2d first, second, third, score;
    private readonly GroupNorm secondNorm, thirdNorm;

    /// <summary>Makes an untrained one.</summary>
    /// <param name="latentChannels">Channels of the latents.</param>
    /// <param name="width">
    /// Channels after the first convolution, a multiple of 3; those after it have twice as many.
    /// </param>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    public PatchDiscriminator(int latentChannels = 4, int width = 48, Device? device = null)
        : base(nameof(PatchDiscriminator))
    {
        register_module("conv1", first = nn.Conv2d(3, width, kernel_size: 4, stride: 2, padding: 1, device: device));
        second = nn.Conv2d(width, 2 * width, kernel_size: 4, stride: 2, padding: 1, device: device);
        register_module("conv2", second);
        register_module("norm2", secondNorm = Norms.Grouped(2 * width, Groups, 1e-5, device));
        third = nn.Conv2d(2 * width + latentChannels, 2 * width, kernel_size: 3, padding: 1, device: device);
        register_module("conv3", third);
        register_module("norm3", thirdNorm = Norms.Grouped(2 * width, Groups, 1e-5, device));
        register_module("score", score = nn.Conv2d(2 * width, 1, kernel_size: 3, padding: 1, device: device));
    }

    /// <summary>Scores and what they come from.</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in [−1, 1].</param>
    /// <param name="latents">Theirs, of deviation 1, <c>[B, C, H/4, W/4]</c>.</param>
    /// <returns>
    /// Logits <c>[B, 1, H/4, W/4]</c>, above 0 for real, and the maps of the three layers before them.
    /// </returns>
    public (Tensor Logits, IReadOnlyList<Tensor> Maps) LogitsAndMaps(Tensor pictures, Tensor latents)
    {
        using var scope = NewDisposeScope();
        var one = Activated(first.call(pictures));                                      // [B, w, H/2, W/2]
        var two = Activated(secondNorm.call(second.call(one)));                         // [B, 2w, H/4, W/4]
        var three = Activated(thirdNorm.call(third.call(cat([two, latents], 1))));      // [B, 2w, H/4, W/4]
        Tensor[] all = [one, two, three];
        return (score.call(three).MoveToOuterDisposeScope(), [.. all.Select(maps => maps.MoveToOuterDisposeScope())]);

        static Tensor Activated(Tensor maps) => nn.functional.leaky_relu(maps, 0.2);
    }

    /// <summary>The logits alone.</summary>
    /// <inheritdoc cref="LogitsAndMaps"/>
    public override Tensor forward(Tensor pictures, Tensor latents)
    {
        using var scope = NewDisposeScope();
        return LogitsAndMaps(pictures, latents).Logits.MoveToOuterDisposeScope();
    }
}
