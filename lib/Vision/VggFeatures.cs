using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>Which of the two VGG networks.</summary>
public enum VggDepth
{
    /// <summary>16 layers with weights, 13 of them convolutions.</summary>
    Vgg16,

    /// <summary>19 layers with weights, 16 of them convolutions: the network of Gatys and others' style transfer.</summary>
    Vgg19,
}

/// <summary>How VGG halves its feature maps.</summary>
public enum VggPooling
{
    /// <summary>The largest of each 2×2, as published.</summary>
    Max,

    /// <summary>The mean of each 2×2: smoother gradients for the picture (Gatys and others, CVPR 2016, section 2).</summary>
    Average,

    /// <summary>Twice the mean, Crowson's variant: deep activations stay near the size that the largest would have given.</summary>
    DoubledAverage,
}

/// <summary>
/// The convolutional part of VGG (Simonyan and Zisserman, arXiv 1409.1556), frozen. Its parameters carry torchvision's
/// names, <c>features.0.weight</c> … , so that the published files fit.
/// </summary>
/// <remarks>
/// Layers are called <c>conv1_1</c>, <c>relu1_1</c>, … , <c>pool5</c>. In torchvision the ReLU works in place, so a
/// tensor kept from a convolution is seen rectified there; here <c>conv1_1</c> is what the convolution gave.
/// </remarks>
public sealed class VggFeatures : FeatureNetwork
{
    // Measured (`./course bench layout`): below, channels last takes 1.14 of the contiguous time at 128² and 1.04 at 176²; above, .94 at 192² and .81 at 512².
    private const int PixelsToTurn = 180 * 180;

    private static readonly int[] Widths = [64, 128, 256, 512, 512];

    private readonly List<(string Layer, Conv2d? Convolution)> steps = [];
    private readonly VggPooling pooling;
    private readonly string description;

    /// <summary>Builds the network with random weights; load the published ones into it.</summary>
    /// <param name="depth">VGG-16 or VGG-19.</param>
    /// <param name="pooling">How feature maps are halved.</param>
    /// <param name="lastLayer">The last layer to build, for example <c>relu5_1</c>; all of them when not given.</param>
    /// <param name="pretrained">Whether ImageNet weights are going to be loaded; only the description depends on it.</param>
    /// <exception cref="CourseException"><paramref name="lastLayer"/> is no layer of this network.</exception>
    public VggFeatures(VggDepth depth = VggDepth.Vgg19, VggPooling pooling = VggPooling.Max, string? lastLayer = null, bool pretrained = false)
        : base(depth == VggDepth.Vgg19 ? "VGG-19" : "VGG-16")
    {
        this.pooling = pooling;
        description = $"{Name}, {(pretrained ? "pretrained on ImageNet" : "random weights: nothing trained")}";
        var names = NamesOf(depth);
        var count = lastLayer is null ? names.Count : names.IndexOf(lastLayer) + 1;
        if (count == 0) throw new CourseException($"{Name} has no layer '{lastLayer}'; it has {string.Join(", ", names)}.");

        // The published files number convolutions, ReLUs and pools alike; only convolutions have weights.
        var features = new Container("features");
        var channels = 3;
        for (var i = 0; i < count; i++)
        {
            Conv2d? convolution = null;
            if (names[i].StartsWith("conv", StringComparison.Ordinal))
            {
                var width = Widths[names[i][4] - '1'];
                convolution = nn.Conv2d(channels, width, kernel_size: 3, padding: 1);
                features.register_module(i.ToString(), convolution);
                channels = width;
            }
            steps.Add((names[i], convolution));
        }
        register_module("features", features);
        foreach (var parameter in parameters()) parameter.requires_grad_(false);
        LayerNames = [.. names.Take(count)];
        eval();
    }

    public override string Description => description;

    public override IReadOnlyList<string> LayerNames { get; }

    /// <summary>The first ReLU of each of the five blocks, as far as they were built (Gatys and others, CVPR 2016).</summary>
    public override IReadOnlyList<string> StyleLayers =>
        [.. new[] { "relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1" }.Intersect(LayerNames)];

    /// <summary><c>relu4_2</c> (Gatys and others, CVPR 2016).</summary>
    public override IReadOnlyList<string> ContentLayers => [.. new[] { "relu4_2" }.Intersect(LayerNames)];

    public override int MinimumSize => 1 << LayerNames.Count(name => name.StartsWith("pool", StringComparison.Ordinal));

    /// <summary>As <see cref="FeatureNetwork.MinimumSize"/>: every pool halves.</summary>
    public override int Stride => MinimumSize;

    public override int Reach
    {
        get
        {
            var (reach, stride) = (0, 1);
            foreach (var (layer, convolution) in steps)
                if (convolution is not null) reach += stride;
                else if (layer.StartsWith("pool", StringComparison.Ordinal)) stride *= 2;
            return (reach + stride - 1) / stride * stride;
        }
    }

    public override int StepBytesPerPixel => 2600;

    public override Device Device => steps[0].Convolution!.weight!.device;

    /// <summary>The index of a layer in torchvision's <c>features</c>, for example 19 for <c>conv4_1</c> of VGG-19.</summary>
    /// <exception cref="CourseException">There is no such layer.</exception>
    public int IndexOf(string layer)
    {
        CheckLayers([layer]);
        return steps.FindIndex(step => step.Layer == layer);
    }

    protected override void Compute(Tensor pictures, IReadOnlySet<string> wanted, FeatureMaps maps)
    {
        var x = Normalization.ImageNet.Apply(pictures).LaidOut(pictures.size(2) * pictures.size(3) >= PixelsToTurn);
        for (var i = 0; maps.Count < wanted.Count; i++)
        {
            var (layer, convolution) = steps[i];
            if (convolution is not null) x = convolution.forward(x);
            else if (layer.StartsWith("pool", StringComparison.Ordinal)) x = Pool(x);
            // In place saves a whole map of memory traffic, but would rectify a convolution's map that was asked for.
            else x = wanted.Contains(steps[i - 1].Layer) ? x.relu() : x.relu_();
            if (wanted.Contains(layer)) maps.Add(layer, x);
        }
    }

    private Tensor Pool(Tensor x)
    {
        if (pooling == VggPooling.Max) return nn.functional.max_pool2d(x, kernel_size: [2, 2], strides: [2, 2]);
        var mean = nn.functional.avg_pool2d(x, kernel_size: 2, stride: 2);
        return pooling == VggPooling.Average ? mean : mean.mul_(2);
    }

    private static List<string> NamesOf(VggDepth depth)
    {
        int[] convolutions = depth == VggDepth.Vgg19 ? [2, 2, 4, 4, 4] : [2, 2, 3, 3, 3];
        var names = new List<string>();
        for (var block = 1; block <= convolutions.Length; block++)
        {
            for (var i = 1; i <= convolutions[block - 1]; i++) names.AddRange([$"conv{block}_{i}", $"relu{block}_{i}"]);
            names.Add($"pool{block}");
        }
        return names;
    }

    // A module that only gives its children a common prefix in the saved names.
    private sealed class Container(string name) : nn.Module(name);
}
