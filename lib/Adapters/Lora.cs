using ImageGen.Layers;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// An adapter (Hu and others, arXiv 2106.09685): low-rank additions to some layers of a model, which is frozen. As a module it
/// has the additions' parameters and nothing of the model's, so that an optimizer, averages or a file made of it hold the
/// adapter alone. A model can wear several at once.
/// </summary>
public sealed class Lora : nn.Module
{
    private readonly Dictionary<string, LoraLayer> layers;
    private readonly List<AdaptedLayer> adapted = [];
    private readonly ReplacedTensors whole;

    private Lora(nn.Module model, IReadOnlyList<(string Path, nn.Module<Tensor, Tensor> Target, LoraLayer Layer)> parts, IReadOnlyDictionary<string, Tensor>? whole) : base(nameof(Lora))
    {
        Model = model;
        this.whole = new(model, whole ?? new Dictionary<string, Tensor>());
        layers = parts.ToDictionary(part => part.Path, part => part.Layer);
        foreach (var (name, module) in Tree([.. parts.Select(part => (part.Path.Split('.'), (nn.Module)part.Layer))])) register_module(name, module);
        foreach (var parameter in model.parameters()) parameter.requires_grad = false;
        foreach (var (_, target, layer) in parts)
        {
            var seam = AdaptedLayer.Of(target);
            seam.Add(layer);
            adapted.Add(seam);
        }
        this.whole.Put(true);
    }

    /// <summary>The model that wears it.</summary>
    public nn.Module Model { get; }

    /// <summary>The additions by the paths of the layers they are on.</summary>
    public IReadOnlyDictionary<string, LoraLayer> Layers => layers;

    /// <summary>Tensors that a file has whole, in place of the model's own while the adapter is on, by the model's names.</summary>
    internal IReadOnlyDictionary<string, Tensor> Whole => whole.Values;

    /// <summary>Numbers to learn.</summary>
    public long ParameterCount => layers.Values.Sum(layer => layer.A.numel() + layer.B.numel() + (layer.Magnitude?.numel() ?? 0));

    /// <summary>How strongly it counts: 1 as trained, 0 not at all, and between, beyond or below as you like.</summary>
    /// <exception cref="CourseException">It is no finite number.</exception>
    public double Weight
    {
        get;
        set
        {
            if (!double.IsFinite(value)) throw new CourseException($"The adapter's Weight is {value}: it must be a finite number; 1 is as trained, 0 is off.");
            field = value;
            Change();
        }
    } = 1;

    /// <summary>Whether it counts at all.</summary>
    public bool Enabled
    {
        get;
        set
        {
            field = value;
            Change();
        }
    } = true;

    /// <summary>Whether it is in the model's own weights.</summary>
    public bool Merged { get; private set; }

    /// <summary>Puts a new adapter on a model and freezes the model; what it computes is the same until the adapter learns.</summary>
    /// <param name="model">Any module whose layers are asked by <c>call</c>: a U-Net, a BERT, a Sequential.</param>
    /// <param name="options">Which layers, and how much.</param>
    /// <exception cref="CourseException">An option is out of range, a target names no layer, or the rank is above what a layer's matrix can have.</exception>
    public static Lora Attach(nn.Module model, LoraOptions? options = null)
    {
        options ??= new();
        options.Check();
        var found = AdaptableLayers.Of(model, options.Targets);
        using var generator = new Generator((ulong)options.Seed, CPU);
        return Inject(model, found.Select(part =>
        {
            var product = LayerProduct.Of(part.Layer, ShapeOf(part.Layer));
            if (options.Rank > product.MostRank)
                throw new CourseException($"Rank is {options.Rank}, and {part.Path} is a matrix of {product.Shape[0]}×{product.Inputs}, whose rank is at most {product.MostRank}: lower Rank.");
            var layer = new LoraLayer(product, AdaptableLayers.Weight(part.Layer).device, options.Rank, options.Scale, options.Dropout, options.Dora);
            layer.Initialize(generator, () => OwnWeight(part.Layer));
            return (part.Path, part.Layer, layer);
        }));
    }

    /// <summary>Adds what it learned to the model's own weights: nothing of it is left to compute. The weights as they were are kept.</summary>
    /// <exception cref="CourseException">The model's weights have 4 bits.</exception>
    public void Merge()
    {
        if (adapted.Any(layer => layer.Quantized is not null)) throw new CourseException("The model's weights have 4 bits and cannot take an adapter in: leave it beside them, or merge into the model before it is quantized.");
        Merged = true;
        Change();
    }

    /// <summary>Gives the model its own weights back, the same to the bit, and computes beside them again.</summary>
    public void Unmerge()
    {
        Merged = false;
        Change();
    }

    /// <summary>Takes the adapter off: the model computes as before it came, to the bit. The model stays frozen.</summary>
    public void Detach()
    {
        foreach (var (seam, layer) in adapted.Zip(layers.Values)) seam.Remove(layer);
        adapted.Clear();
        whole.Put(false);
        Merged = false;
    }

    /// <summary>Takes it off and frees it.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Detach();
            whole.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Puts layers that are filled already on a model.</summary>
    internal static Lora Inject(nn.Module model, IEnumerable<(string Path, nn.Module<Tensor, Tensor> Target, LoraLayer Layer)> parts, IReadOnlyDictionary<string, Tensor>? whole = null) => new(model, [.. parts], whole);

    /// <summary>The layer's weight without any addition, made whole where it has 4 bits.</summary>
    internal static Tensor OwnWeight(nn.Module layer) => AdaptedLayer.Find(layer)?.OwnWeight() ?? AdaptableLayers.Weight(layer).detach();

    /// <summary>The matrix's shape, also where its weights have 4 bits.</summary>
    internal static long[] ShapeOf(nn.Module layer) => AdaptedLayer.Find(layer)?.Quantized?.Shape ?? AdaptableLayers.Weight(layer).shape;

    protected override void RegisterComponents() { }

    private void Change()
    {
        foreach (var layer in layers.Values) (layer.Share, layer.Merged) = (Enabled ? Weight : 0, Merged);
        foreach (var seam in adapted) seam.Refresh();
        whole.Put(Enabled && Weight != 0);
    }

    // TorchSharp allows no dots in a module's name: each part of a path is a module of its own.
    private static IEnumerable<(string Name, nn.Module Module)> Tree(IReadOnlyList<(string[] Path, nn.Module Leaf)> parts) =>
        parts.GroupBy(part => part.Path[0]).Select(branch => (branch.Key, branch.First().Path.Length == 1
            ? branch.Single().Leaf
            : new Group([.. Tree([.. branch.Select(part => (part.Path[1..], part.Leaf))])])));
}
