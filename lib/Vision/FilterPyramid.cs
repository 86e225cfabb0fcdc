using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// A feature network that nobody trained: a bank of Gabor filters on three sizes of the picture, small cosine filters
/// on the full size, and six layers of random orthogonal filters on top of the picture. It takes VGG's place where the
/// published weights are not at hand, and gives attractive style transfer at a third of the cost.
/// </summary>
/// <remarks>
/// Random filters carry texture well (arXiv 1606.00021; "A powerful generative model using random weights for the deep
/// image representation", NIPS 2016) when every channel is first brought to mean 0 and variance 1 on some pictures.
/// </remarks>
public sealed class FilterPyramid : FeatureNetwork
{
    private const int GaborLevels = 3;
    private static readonly int[] RandomWidths = [32, 32, 64, 64, 128, 128];

    private readonly List<Conv2d> random = [];
    private readonly int calibrationSeed;

    /// <summary>Makes the filters and calibrates the random layers on drawn pictures.</summary>
    /// <param name="seed">Seeds the random layers; the same seed gives the same network.</param>
    /// <param name="calibration">
    /// Pictures <c>[B, 3, H, W]</c> in <c>[0, 1]</c> on which each random channel gets mean 0 and variance 1 before its
    /// ReLU; four pictures of <see cref="DeadLeaves"/> when not given.
    /// </param>
    public FilterPyramid(int seed = 0, Tensor? calibration = null) : base("Filter pyramid")
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        register_buffer("gabor", FilterBanks.GaborBank().MoveToOuterDisposeScope());
        register_buffer("cosine", FilterBanks.CosineBank().MoveToOuterDisposeScope());
        foreach (var layer in MakeRandomLayers(seed))
        {
            random.Add(layer);
            register_module(RandomName(random.Count - 1), layer);
        }
        calibrationSeed = seed;
        Calibrate(calibration);
        foreach (var parameter in parameters()) parameter.requires_grad_(false);
        eval();
    }

    public override string Description =>
        "hand-made filter pyramid (Gabor and cosine filters, calibrated random layers): nothing trained, nothing downloaded";

    public override IReadOnlyList<string> LayerNames { get; } =
    [
        "cosine", .. Enumerable.Range(0, GaborLevels).Select(GaborName), .. Enumerable.Range(0, RandomWidths.Length).Select(RandomName),
    ];

    /// <summary>All filters made by formula, and the four deepest random layers.</summary>
    public override IReadOnlyList<string> StyleLayers { get; } =
        ["cosine", "gabor1", "gabor2", "gabor3", "random2_1", "random2_2", "random3_1", "random3_2"];

    /// <summary>The Gabor filters at half size: where edges are, not their sharpness.</summary>
    public override IReadOnlyList<string> ContentLayers { get; } = ["gabor2"];

    public override int MinimumSize => 5 << (GaborLevels - 1); // reflecting 4 pixels takes 5, at the smallest level

    public override int Stride => 1 << (GaborLevels - 1);

    /// <summary>4 pixels at the smallest level; the random layers look 14 far.</summary>
    public override int Reach => 4 << (GaborLevels - 1);

    public override int StepBytesPerPixel => 3600;

    public override Device Device => random[0].weight!.device;

    protected override void Compute(Tensor pictures, IReadOnlySet<string> wanted, FeatureMaps maps)
    {
        var x = Normalization.Centered.Apply(pictures);
        if (wanted.Contains("cosine")) maps.Add("cosine", Filter(x, "cosine"));

        var level = x;
        for (var i = 0; i < GaborLevels && maps.Count < wanted.Count; i++)
        {
            if (i > 0) level = Halve(level);
            if (wanted.Contains(GaborName(i))) maps.Add(GaborName(i), Filter(level, "gabor"));
        }
        for (var i = 0; i < random.Count && maps.Count < wanted.Count; i++)
        {
            x = Random(x, i);
            if (wanted.Contains(RandomName(i))) maps.Add(RandomName(i), x);
        }
    }

    private static string GaborName(int level) => $"gabor{level + 1}";

    private static string RandomName(int layer) => $"random{layer / 2 + 1}_{layer % 2 + 1}";

    private static Tensor Halve(Tensor x) => nn.functional.avg_pool2d(x, kernel_size: 2, stride: 2);

    // A bright line and a dark one are two things to see: each answer gives two channels, what is above 0 and what is below.
    private Tensor Filter(Tensor x, string bank)
    {
        var filters = get_buffer(bank)!;
        var answers = nn.functional.conv2d(Reflect(x, filters.size(2) / 2), filters);
        return cat([answers, answers.neg()], 1).relu_();
    }

    private static Tensor Reflect(Tensor x, long pixels) =>
        nn.functional.pad(x, (pixels, pixels, pixels, pixels), PaddingModes.Reflect);

    private Tensor Random(Tensor x, int layer) => BeforeRelu(x, layer).relu_();

    // Two layers a size, as in VGG.
    private Tensor BeforeRelu(Tensor x, int layer) =>
        random[layer].forward(Reflect(layer is 2 or 4 ? Halve(x) : x, 1));

    private static IEnumerable<Conv2d> MakeRandomLayers(int seed)
    {
        using var generator = new Generator((ulong)seed);
        var inputs = 3;
        foreach (var width in RandomWidths)
        {
            var layer = nn.Conv2d(inputs, width, kernel_size: 3);
            using var weight = Orthogonal(width, inputs * 9, generator);
            layer.weight!.copy_(weight.view(width, inputs, 3, 3));
            layer.bias!.zero_();
            yield return layer;
            inputs = width;
        }
    }

    // Orthonormal rows, or columns where there are more rows than columns. With R's diagonal made positive, Q is unique.
    private static Tensor Orthogonal(int rows, int columns, Generator generator)
    {
        var tall = randn([Math.Max(rows, columns), Math.Min(rows, columns)], generator: generator);
        var (q, r) = linalg.qr(tall);
        var unique = q * r.diagonal().sign();
        return rows > columns ? unique : unique.t();
    }

    /// <summary>Gives each deep channel mean 0 and variance 1 before its ReLU.</summary>
    /// <param name="pictures">On these pictures <c>[B, 3, H, W]</c>; four of <see cref="DeadLeaves"/> when not given.</param>
    public void Calibrate(Tensor? pictures = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var x = Normalization.Centered.Apply(pictures ?? DeadLeaves.Draw(count: 4, size: 128, calibrationSeed));
        for (var i = 0; i < random.Count; i++)
        {
            var raw = BeforeRelu(x, i);
            var mean = raw.mean([0, 2, 3]);
            var std = (raw - mean.view(1, -1, 1, 1)).square().mean([0, 2, 3]).sqrt() + 1e-6;
            random[i].weight!.div_(std.view(-1, 1, 1, 1));
            random[i].bias!.copy_(-mean / std);
            x = Random(x, i);
        }
    }
}
