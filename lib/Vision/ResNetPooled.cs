using ImageGen.Imaging;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// What ResNet-18 sees in a whole picture: each of the 512 channels of its last layer, averaged over the places.
/// Distances
/// between such clouds are figures of their own; published ones are over Inception's features and may not be compared.
/// </summary>
public sealed class ResNetPooled : IPictureFeatures
{
    private readonly ResNetFeatures network;
    private readonly int side;

    /// <summary>Reads the network that came with the build, padded as it was trained.</summary>
    /// <param name="side">
    /// The side that pictures are brought to, in pixels: 64 or more. It was trained at 224; smaller ones cost less.
    /// </param>
    /// <exception cref="Runtime.CourseException">A file is missing or not the published one; or the side is
    /// less.</exception>
    public ResNetPooled(int side = 128)
    {
        if (side < 64) throw new Runtime.CourseException(
            $"ResNet-18 looks at pictures of 64 pixels or more, and {side} were asked for.");
        this.side = side;
        network = FeatureNetworks.ResNet18(padding: ResNetPadding.Zeros);
    }

    /// <inheritdoc/>
    public string Description => $"{network.Description}, its 512 pooled features of {side}×{side} pixels";

    /// <summary>Its figures are not those that papers give: those are over Inception.</summary>
    public bool IsProxy => true;

    /// <inheritdoc/>
    public int Width => 512;

    /// <inheritdoc/>
    public Tensor Features(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var here = (pictures.to(network.Device) + 1) / 2;
        var resized = here.size(2) == side && here.size(3) == side ? here : Resampler.Resize(here, side, side);
        return network.Extract(resized, "layer4_3")["layer4_3"].mean([2, 3]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => network.Dispose();
}
