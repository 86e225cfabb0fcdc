using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;

namespace ImageGen.Vision;

/// <summary>A feature network, and why it is this one.</summary>
/// <param name="Network">The network; whoever asked for it disposes it.</param>
/// <param name="Reason">One line for the student.</param>
public sealed record FeatureNetworkChoice(FeatureNetwork Network, string Reason);

/// <summary>Picks the feature network that this machine has.</summary>
public static class FeatureNetworks
{
    private const string StyleDepth = "layer3_2"; // what lies behind is parts of things, and no style

    /// <summary>
    /// ResNet-18, which came with the build; at full scale the pretrained VGG-19, where its file is in the cache.
    /// </summary>
    /// <returns>The network and the reason, which is always worth showing: a swap is never silent.</returns>
    /// <exception cref="CourseException">A file is missing or not the published one.</exception>
    public static FeatureNetworkChoice Default()
    {
        if (Scales.Current != Scale.Full) return Because(ResNet18(StyleDepth), "it came with the build");
        return Downloads.PathIfCached("vgg19") is { } path
            ? Because(PretrainedVgg19(path), "its file is in the cache")
            : Because(ResNet18(StyleDepth), "VGG-19's file is not in the cache (./course data fetch vgg19 brings it)");
    }

    /// <summary>
    /// Every feature network that this machine has, to compare: the <see cref="FilterPyramid"/> that nobody trained,
    /// ResNet-18, and the pretrained VGG-19 where its file is in the cache and the scale is not smoke.
    /// </summary>
    /// <returns>The networks, which the caller disposes, and a line that says what is here and how to get what is
    /// not.</returns>
    /// <exception cref="CourseException">A file is missing or not the published one.</exception>
    public static (IReadOnlyList<FeatureNetwork> Networks, string Summary) Available()
    {
        var pyramid = new FilterPyramid();
        pyramid.to(Compute.Device);
        var resnet = ResNet18(StyleDepth);
        var both = $"{pyramid.Name}, which nobody trained, and {resnet.Name}";
        if (Scales.Current == Scale.Smoke) return ([pyramid, resnet], $"{both}: the smoke scale uses nothing larger.");
        if (Downloads.PathIfCached("vgg19") is not { } path)
            return ([pyramid, resnet],
                $"{both}: bring VGG-19 beside them with ./course data fetch vgg19 (575 MB), restart and run again.");
        FeatureNetwork vgg = PretrainedVgg19(path);
        return ([pyramid, resnet, vgg], $"{both}, and {vgg.Name}: all are here.");
    }

    /// <summary>VGG-19 up to <c>relu5_1</c> with the published weights.</summary>
    /// <param name="path">The published file, <c>vgg19-dcbb9e9d.pth</c>, or one with the same names.</param>
    /// <param name="pooling">How feature maps are halved.</param>
    /// <exception cref="CourseException">The file is damaged or is no VGG-19.</exception>
    public static VggFeatures PretrainedVgg19(string path, VggPooling pooling = VggPooling.Max)
    {
        var network = new VggFeatures(VggDepth.Vgg19, pooling, lastLayer: "relu5_1", pretrained: true);
        // What lies behind the last layer, the classifier among it, stays in the file.
        var names = network.state_dict().Keys.ToHashSet();
        using (var file = WeightFile.Open(path)) file.LoadInto(network, name => names.Contains(name) ? name : null);
        network.to(Compute.Device);
        return network;
    }

    /// <summary>ResNet-18 with the published weights, which came with the build.</summary>
    /// <param name="lastLayer">The last layer to build; all of them when not given.</param>
    /// <param name="padding">What it sees beyond a picture's edge.</param>
    /// <exception cref="CourseException">A file is missing or not the published one; or there is no such
    /// layer.</exception>
    public static ResNetFeatures ResNet18(
        string lastLayer = "layer4_3", ResNetPadding padding = ResNetPadding.Reflection)
    {
        var network = new ResNetFeatures(lastLayer, padding);
        try
        {
            ResNetWeights.Load(network);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        network.to(Compute.Device);
        return network;
    }

    private static FeatureNetworkChoice Because(FeatureNetwork network, string reason) =>
        new(network, $"{network.Description}; {reason}.");
}
