using ImageGen.Runtime;
using TorchSharp;

namespace ImageGen.Vision;

/// <summary>A feature network, and why it is this one.</summary>
/// <param name="Network">The network; whoever asked for it disposes it.</param>
/// <param name="Reason">One line for the student.</param>
public sealed record FeatureNetworkChoice(FeatureNetwork Network, string Reason);

/// <summary>Picks the feature network that this machine has.</summary>
public static class FeatureNetworks
{
    /// <summary>The pretrained VGG-19 where its file is in the cache, and the <see cref="FilterPyramid"/> where it is not.</summary>
    /// <returns>The network and the reason, which is always worth showing: a swap is never silent.</returns>
    public static FeatureNetworkChoice Default() => Default(() => null);

    /// <summary>As <see cref="Default()"/>, with the search for a pretrained network given.</summary>
    /// <param name="findPretrained">Gives the pretrained network, or null where its file is not there.</param>
    public static FeatureNetworkChoice Default(Func<FeatureNetwork?> findPretrained)
    {
        if (findPretrained() is { } pretrained)
            return new(pretrained, $"{pretrained.Description}: its file is in the cache.");
        var pyramid = new FilterPyramid();
        pyramid.to(Compute.Device);
        return new(pyramid, $"{pyramid.Description}; VGG-19's file is not in the cache (./course data fetch vgg19 brings it).");
    }
}
