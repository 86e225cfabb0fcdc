using ImageGen.Layers;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// The convolutional part of ResNet-18 (He and others, arXiv 1512.03385), frozen: a stem, then four stages of basic
/// blocks
/// with 64, 128, 256 and 512 channels. In this published edition the last stage has three blocks, the others two.
/// </summary>
/// <remarks>
/// Layers are called <c>pixels</c>, the picture less the mean, <c>stem</c>, <c>layer1_1</c>, <c>layer1_2</c>, …
/// <c>layer4_3</c>, each after its ReLU. Parameters
/// carry
/// torchvision's names: <c>conv1.weight</c>, <c>layer2.0.downsample.bias</c>.
/// </remarks>
public sealed class ResNetFeatures : FeatureNetwork
{
    private static readonly int[] Widths = [64, 128, 256, 512], Blocks = [2, 2, 2, 3];

    private readonly ResNetConvolution stem;
    private readonly List<(string Layer, ResNetBlock Block)> blocks = [];

    /// <summary>Builds the network without numbers: <see cref="ResNetWeights"/> fills it.</summary>
    /// <param name="lastLayer">The last layer to build.</param>
    /// <param name="padding">What it sees beyond a picture's edge.</param>
    /// <exception cref="CourseException"><paramref name="lastLayer"/> is no layer of this network.</exception>
    internal ResNetFeatures(string lastLayer, ResNetPadding padding) : base("ResNet-18")
    {
        string[] names = ["pixels", "stem",
            .. Widths.SelectMany(
            (_, stage) => Enumerable.Range(0, Blocks[stage]).Select(block => LayerName(stage, block)))];
        var count = Array.IndexOf(names, lastLayer) + 1;
        if (count == 0) throw new CourseException(
            $"{base.Name} has no layer '{lastLayer}'; it has {string.Join(", ", names)}.");
        LayerNames = names[..count];

        stem = new(3, Widths[0], size: 7, stride: 2, padding);
        register_module("conv1", stem);
        // the stem's 7×7, then the pool's 3×3 at half size
        (Stride, Reach) = (count > 2 ? 4 : 2, 3 + (count > 2 ? 2 : 0));
        var inputs = Widths[0];
        for (var stage = 0; stage < Widths.Length; stage++)
        {
            var built = Enumerable.Range(0, Blocks[stage]).Where(block => LayerNames.Contains(LayerName(stage, block)))
                .ToList();
            foreach (var block in built)
            {
                var stride = stage > 0 && block == 0 ? 2 : 1;
                blocks.Add((LayerName(stage, block), new(inputs, Widths[stage], stride, padding)));
                inputs = Widths[stage];
                Reach += Stride;
                Stride *= stride;
                Reach += Stride;
            }
            if (built.Count > 0)
                register_module($"layer{stage + 1}",
                    new Group([.. built.Select(
                    block => ($"{block}", (nn.Module)blocks[^(built.Count - block)].Block))]));
        }
        Reach = (Reach + Stride - 1) / Stride * Stride;
        register_buffer("mean", zeros(1, 3, 1, 1));
        eval();
    }

    public override string Description => "ResNet-18, pretrained on ImageNet";

    public override IReadOnlyList<string> LayerNames { get; }

    /// <summary>
    /// The pixels themselves, which the deeper layers know little of, the stem, and the ends of the first three stages.
    /// </summary>
    public override IReadOnlyList<string> StyleLayers =>
        [.. new[] { "pixels", "stem", "layer1_2", "layer2_2", "layer3_2" }.Intersect(LayerNames)];

    /// <summary>The end of the second stage.</summary>
    public override IReadOnlyList<string> ContentLayers => [.. new[] { "layer2_2" }.Intersect(LayerNames)];

    /// <summary>Twice the stride: reflecting a pixel takes two.</summary>
    public override int MinimumSize => Math.Max(8, 2 * Stride);

    public override int Stride { get; }

    public override int Reach { get; }

    public override int StepBytesPerPixel => 700;

    public override Device Device => stem.Weight.device;

    /// <summary>The stem's filters over red, green and blue, <c>[64, 3, 7, 7]</c>: pictures of what it looks
    /// for.</summary>
    public Tensor StemFilters => stem.Weight;

    /// <summary>What it takes off each channel of a picture in <c>[0, 1]</c>, <c>[1, 3, 1, 1]</c>.</summary>
    internal Tensor Mean => get_buffer("mean")!;

    /// <summary>Every convolution under its name, in the order of the published file: a shortcut before its
    /// block.</summary>
    internal IEnumerable<(string Name, ResNetConvolution Convolution)> Convolutions =>
        named_modules().Where(named => named.module is ResNetConvolution)
            .Select(named => (named.name, (ResNetConvolution)named.module));

    protected override void Compute(Tensor pictures, IReadOnlySet<string> wanted, FeatureMaps maps)
    {
        // BGR and 0 … 255 are folded into the stem's filters; channels last is faster with few channels and large maps.
        var x = (pictures - Mean).LaidOut(true);
        if (wanted.Contains("pixels")) maps.Add("pixels", x);
        if (maps.Count == wanted.Count) return;
        x = stem.forward(x).relu_();
        if (wanted.Contains("stem")) maps.Add("stem", x);
        if (maps.Count == wanted.Count) return;
        x = Pool(x);
        foreach (var (layer, block) in blocks)
        {
            x = block.forward(x);
            if (wanted.Contains(layer)) maps.Add(layer, x);
            if (maps.Count == wanted.Count) return;
        }
    }

    // After a ReLU nothing is below 0, so zeros beyond the edge and a mirrored edge give the same largest values.
    private static Tensor Pool(Tensor x)
    {
        var y = nn.functional.max_pool2d(x, kernel_size: [3, 3], strides: [2, 2], padding: [1, 1]);
        return y.narrow(2, 0, x.size(2) / 2).narrow(3, 0, x.size(3) / 2);
    }

    private static string LayerName(int stage, int block) => $"layer{stage + 1}_{block + 1}";

    protected override void RegisterComponents() { }
}

/// <summary>A basic block: <c>relu(x' + W₂∗relu(W₁∗x))</c>, where x' is x, or its shortcut where the size
/// changes.</summary>
internal sealed class ResNetBlock : nn.Module<Tensor, Tensor>
{
    private readonly ResNetConvolution first, second;
    private readonly ResNetConvolution? shortcut;

    public ResNetBlock(long inputs, long outputs, long stride, ResNetPadding padding) : base(nameof(ResNetBlock))
    {
        if (stride > 1)
        {
            shortcut = new(inputs, outputs, size: 1, stride, padding);
            register_module("downsample", shortcut);
        }
        first = new(inputs, outputs, size: 3, stride, padding);
        second = new(outputs, outputs, size: 3, stride: 1, padding);
        register_module("conv1", first);
        register_module("conv2", second);
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = second.forward(first.forward(x).relu_());
        return y.add_(shortcut is null ? x : shortcut.forward(x)).relu_().MoveToOuterDisposeScope();
    }

    protected override void RegisterComponents() { }
}
