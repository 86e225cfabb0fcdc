using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// What LoRA adds to one layer (Hu and others, arXiv 2106.09685): <c>s·B(A(x))</c>, through a place only r numbers wide. A
/// begins random and B at zero, so that nothing is added before something is learned. On a convolution A looks as the
/// convolution looks and B mixes at each place (LoCon). With magnitudes (DoRA: Liu and others, arXiv 2402.09353) each
/// output's row of the sum W + s·B·A is brought to a length that is learned of itself. The names are peft's:
/// <c>lora_A.weight</c>, <c>lora_B.weight</c>, <c>lora_magnitude_vector.weight</c>.
/// </summary>
public sealed class LoraLayer : nn.Module<Tensor, Tensor>
{
    private readonly LayerProduct product;
    private readonly Values down, up;
    private readonly Values? magnitude;
    private readonly double dropout;

    internal LoraLayer(LayerProduct product, Device device, int rank, double scale, double dropout,
        bool magnitudes = false) : base(nameof(LoraLayer))
    {
        (this.product, Rank, Scale, this.dropout) = (product, rank, scale, dropout);
        register_module("lora_A", down = new(product.DownShape(rank), device));
        register_module("lora_B", up = new(product.UpShape(rank), device));
        if (magnitudes) register_module("lora_magnitude_vector", magnitude = new([product.Shape[0]], device));
    }

    /// <summary>r: rows of A, columns of B.</summary>
    public int Rank { get; }

    /// <summary>s: what the addition is multiplied by.</summary>
    public double Scale { get; }

    /// <summary>From the layer's input to the narrow place, <c>[r, in]</c>, or <c>[r, in, h, w]</c> for a
    /// convolution.</summary>
    public Parameter A => down.weight;

    /// <summary>From the narrow place to the layer's output, <c>[out, r]</c>, or <c>[out, r, 1, 1]</c>.</summary>
    public Parameter B => up.weight;

    /// <summary>DoRA's lengths of the rows, <c>[out]</c>; null for a plain LoRA.</summary>
    public Parameter? Magnitude => magnitude?.weight;

    /// <summary>How much of the addition counts now: the adapter's weight, 0 when it is switched off.</summary>
    internal double Share { get; set; } = 1;

    /// <summary>Whether the addition is in the layer's own weight.</summary>
    internal bool Merged { get; set; }

    /// <summary>The addition for the layer's input, <c>[…, in]</c> or <c>[B, in, H, W]</c>, without DoRA's
    /// magnitudes.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return (Scale * product.Mix(product.Of(Seen(x), A), B)).MoveToOuterDisposeScope(); // s·B(A(drop x))
    }

    /// <summary>The layer's output with the addition, as much of it as counts now.</summary>
    /// <param name="output">So far.</param>
    /// <param name="x">The layer's input.</param>
    /// <param name="own">The layer's own weight W, which DoRA asks for.</param>
    /// <param name="answer">W(x), where the layer has worked it out already.</param>
    internal Tensor AddTo(Tensor output, Tensor x, Func<Tensor> own, Tensor? answer)
    {
        using var scope = NewDisposeScope();
        if (Magnitude is not null) return output.add(Decomposed(x, own(), answer).to(output.dtype), Share)
            .MoveToOuterDisposeScope();
        var (narrow, weight) = (product.Of(Seen(x), A), Share * Scale);
        if (product.Convolves || output.dtype != B.dtype)
            return output.add(product.Mix(narrow, B).to(output.dtype), weight).MoveToOuterDisposeScope();
        // The product goes straight onto the output: it is as wide as that, and would cost two more ways through the
        // memory.
        return addmm(output.reshape(-1, output.shape[^1]), narrow.reshape(-1, Rank), B.t(), 1,
            (float)weight).view(output.shape).MoveToOuterDisposeScope();
    }

    // (m/‖V‖ − 1)·W(x) + m/‖V‖·s·B(A(x)), where V = W + s·B·A: with W(x) itself, m/‖V‖·V(x). ‖V‖ gets no gradient
    // (section 4.3).
    private Tensor Decomposed(Tensor x, Tensor own, Tensor? answer)
    {
        var seen = Seen(x);
        var ratio = product.ToOutput(Magnitude! / Lengths(own));
        // What the layer answered is of all of x: of what dropout leaves, the product is made again.
        var plain = answer is not null && !Drops ? answer.to(A.dtype) : product.Of(seen, own.to(A.dtype));
        return (ratio - 1) * plain + ratio * Scale * product.Mix(product.Of(seen, A), B);
    }

    // ‖V‖, row by row.
    private Tensor Lengths(Tensor own)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return (own.to(A.dtype) + Product()).flatten(start_dim: 1).norm(1, false, 2).MoveToOuterDisposeScope();
    }

    private Tensor Seen(Tensor x)
    {
        var seen = x.to(A.dtype);
        return Drops ? nn.functional.dropout(seen, dropout) : seen;
    }

    private bool Drops => training && dropout > 0;

    /// <summary>LoRA's addition as a matrix, <c>s·B·A</c>, in the shape of the layer's weight; without DoRA's
    /// magnitudes.</summary>
    public Tensor Delta() => Product();

    /// <summary>What the layer's weight becomes with all of the addition, less what it is.</summary>
    internal Tensor Change(Tensor own)
    {
        using var scope = NewDisposeScope();
        var delta = Product();
        if (Magnitude is not { } lengths) return delta.MoveToOuterDisposeScope();
        own = own.to(A.dtype);
        return ((own + delta) * product.ToWeight(lengths / Lengths(own)) - own).MoveToOuterDisposeScope();
    }

    private Tensor Product()
    {
        using var scope = NewDisposeScope();
        return (B.flatten(start_dim: 1).matmul(A.flatten(start_dim: 1)) * Scale).view(product.Shape)
            .MoveToOuterDisposeScope();
    }

    /// <summary>A uniform in ±1/√in, as kaiming_uniform with a = √5 draws it; B zero; the magnitudes those of the
    /// layer's weight.</summary>
    internal void Initialize(Generator generator, Func<Tensor> own)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        A.copy_((2 * rand(A.shape, generator: generator) - 1) / Math.Sqrt(product.Inputs));
        B.zero_();
        Magnitude?.copy_(Lengths(own()));
    }

    protected override void RegisterComponents() { }

    private sealed class Values : nn.Module
    {
        // TorchSharp puts another parameter here when the module moves, and finds the field by this name.
        internal readonly Parameter weight;

        internal Values(long[] shape, Device device) : base(nameof(Values))
        {
            weight = new(zeros(shape, ScalarType.Float32, device));
            register_parameter(nameof(weight), weight);
        }
    }
}
