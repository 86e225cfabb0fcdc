using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// Inception v3 (Szegedy and others, arXiv 1512.00567) as the FID uses it: up to the last mean, 2048 numbers a picture.
/// Parameter names are torchvision's, and pytorch-fid's, whose file holds the weights of the original FID.
/// </summary>
/// <remarks>
/// That network differs from torchvision's in two ways: its average pools leave the padding out of the mean, and the
/// last block pools by the largest. Batch norms use the stored statistics, with an epsilon of 0.001.
/// </remarks>
public sealed class InceptionFeatures : nn.Module<Tensor, Tensor>, IPictureFeatures
{
    /// <summary>The side of the pictures that the network looks at; others are resized.</summary>
    public const int Side = 299;

    private const int AtOnce = 16;

    private readonly List<(string Name, nn.Module<Tensor, Tensor> Layer)> layers = [];

    /// <summary>Builds the network with random weights; load the published ones into it.</summary>
    public InceptionFeatures(Device? device = null) : base(nameof(InceptionFeatures))
    {
        Add("Conv2d_1a_3x3", new InceptionConvolution(3, 32, (3, 3), 2, device));
        Add("Conv2d_2a_3x3", new InceptionConvolution(32, 32, (3, 3), 1, device, padded: false));
        Add("Conv2d_2b_3x3", new InceptionConvolution(32, 64, (3, 3), 1, device));
        layers.Add(("pool1", nn.MaxPool2d(3, 2)));
        Add("Conv2d_3b_1x1", new InceptionConvolution(64, 80, (1, 1), 1, device));
        Add("Conv2d_4a_3x3", new InceptionConvolution(80, 192, (3, 3), 1, device, padded: false));
        layers.Add(("pool2", nn.MaxPool2d(3, 2)));
        Add("Mixed_5b", InceptionBlock.A(192, 32, device));
        Add("Mixed_5c", InceptionBlock.A(256, 64, device));
        Add("Mixed_5d", InceptionBlock.A(288, 64, device));
        Add("Mixed_6a", InceptionBlock.B(288, device));
        Add("Mixed_6b", InceptionBlock.C(128, device));
        Add("Mixed_6c", InceptionBlock.C(160, device));
        Add("Mixed_6d", InceptionBlock.C(160, device));
        Add("Mixed_6e", InceptionBlock.C(192, device));
        Add("Mixed_7a", InceptionBlock.D(768, device));
        Add("Mixed_7b", InceptionBlock.E(1280, InceptionPool.Mean, device));
        Add("Mixed_7c", InceptionBlock.E(2048, InceptionPool.Largest, device));
        foreach (var parameter in parameters()) parameter.requires_grad_(false);
        eval();

        void Add(string name, nn.Module<Tensor, Tensor> layer)
        {
            register_module(name, layer);
            layers.Add((name, layer));
        }
    }

    /// <inheritdoc/>
    public string Description => "Inception v3 with the weights of the published FID";

    /// <inheritdoc/>
    public bool IsProxy => false;

    /// <inheritdoc/>
    public int Width => 2048;

    /// <summary>The published file, pt_inception-2015-12-05-6726825d.pth, or one with the same names.</summary>
    /// <exception cref="CourseException">The file is missing or damaged, or is another network.</exception>
    public static InceptionFeatures Load(string path)
    {
        var network = new InceptionFeatures();
        try
        {
            using var file = WeightFile.Open(path);
            file.LoadInto(network, Rename);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        network.to(Compute.Device);
        return network;
    }

    /// <summary>From a name in a published file to this module's; null for the classifier and for counts that only training needs.</summary>
    public static string? Rename(string name) =>
        name.StartsWith("fc.", StringComparison.Ordinal) || name.StartsWith("AuxLogits.", StringComparison.Ordinal) || name.EndsWith("num_batches_tracked", StringComparison.Ordinal)
            ? null
            : name;

    /// <summary>Resizes to 299×299 as the reference does (bilinear, not antialiased) and describes each picture.</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in [−1, 1], which is what the network was trained on.</param>
    /// <returns><c>[B, 2048]</c>.</returns>
    public Tensor Features(Tensor pictures)
    {
        if (pictures.dim() != 4 || pictures.shape[1] != 3) throw new CourseException($"Inception looks at pictures [B, 3, H, W], and was given [{string.Join(", ", pictures.shape)}].");
        using var scope = NewDisposeScope();
        var device = parameters().First().device;
        // The first maps of a picture have 299 × 299 places: those of a hundred pictures would take gigabytes.
        return cat([.. pictures.split(AtOnce).Select(part => call(Resized(part.to(device))))]).MoveToOuterDisposeScope();
    }

    internal static Tensor Resized(Tensor pictures) => pictures.shape[2] == Side && pictures.shape[3] == Side
        ? pictures
        : nn.functional.interpolate(pictures, [Side, Side], mode: InterpolationMode.Bilinear, align_corners: false);

    /// <summary>The features <c>[B, 2048]</c> of pictures <c>[B, 3, H, W]</c> in [−1, 1] as they are, of at least 75 pixels a side.</summary>
    public override Tensor forward(Tensor pictures) => Run(pictures, null);

    /// <summary>The same; each layer's output goes to <paramref name="watch"/> on the way.</summary>
    internal Tensor Run(Tensor pictures, Action<string, Tensor>? watch)
    {
        using var scope = NewDisposeScope();
        var x = pictures;
        foreach (var (name, layer) in layers)
        {
            x = layer.call(x);
            watch?.Invoke(name, x);
        }
        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}
