using ImageGen.Diffusion;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// What LoRA adds to one layer (Hu and others, arXiv 2106.09685): <c>s·B(A(x))</c>, through a place only r numbers wide. A
/// begins random and B at zero, so that nothing is added before something is learned. The names are peft's:
/// <c>lora_A.weight</c>, <c>lora_B.weight</c>.
/// </summary>
public sealed class LoraLayer : nn.Module<Tensor, Tensor>
{
    private readonly Matrix down, up;
    private readonly double dropout;
    private readonly bool convolves;

    internal LoraLayer(Tensor weight, int rank, double scale, double dropout) : base(nameof(LoraLayer))
    {
        (Rank, Scale, this.dropout, convolves) = (rank, scale, dropout, weight.dim() == 4);
        long[] places = convolves ? [1, 1] : [];
        register_module("lora_A", down = new([rank, weight.shape[1], .. places], weight.device));
        register_module("lora_B", up = new([weight.shape[0], rank, .. places], weight.device));
    }

    /// <summary>r: rows of A, columns of B.</summary>
    public int Rank { get; }

    /// <summary>s: what the addition is multiplied by.</summary>
    public double Scale { get; }

    /// <summary>From the layer's input to the narrow place, <c>[r, in]</c>, or <c>[r, in, 1, 1]</c> for a convolution.</summary>
    public Parameter A => down.weight;

    /// <summary>From the narrow place to the layer's output, <c>[out, r]</c>, or <c>[out, r, 1, 1]</c>.</summary>
    public Parameter B => up.weight;

    /// <summary>How much of the addition counts now: the adapter's weight, 0 when it is switched off.</summary>
    internal double Share { get; set; } = 1;

    /// <summary>Whether the addition is in the layer's own weight.</summary>
    internal bool Merged { get; set; }

    /// <summary>The addition for the layer's input, <c>[…, in]</c> or <c>[B, in, H, W]</c>.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var narrow = Narrow(x);
        return (Scale * Times(B, narrow)).MoveToOuterDisposeScope(); // s·B(A(drop x))
    }

    /// <summary>The layer's output with the addition, as much of it as counts now.</summary>
    internal Tensor AddTo(Tensor output, Tensor x)
    {
        using var scope = NewDisposeScope();
        var (narrow, weight) = (Narrow(x), Share * Scale);
        if (convolves || output.dtype != B.dtype)
            return output.add(Times(B, narrow).to(output.dtype), weight).MoveToOuterDisposeScope();
        // The product goes straight onto the output: it is as wide as that, and would cost two more ways through the memory.
        return addmm(output.reshape(-1, output.shape[^1]), narrow.reshape(-1, Rank), B.t(), 1, (float)weight).view(output.shape).MoveToOuterDisposeScope();
    }

    // Down to r numbers: A(drop x).
    private Tensor Narrow(Tensor x)
    {
        var seen = x.to(A.dtype);
        if (training && dropout > 0) seen = nn.functional.dropout(seen, dropout);
        return Times(A, seen);
    }

    private Tensor Times(Tensor matrix, Tensor x) => convolves ? PointwiseConv2d.Apply(x, matrix) : nn.functional.linear(x, matrix);

    /// <summary>The same as a matrix, <c>s·B·A</c>, in the shape of the layer's weight.</summary>
    public Tensor Delta()
    {
        using var scope = NewDisposeScope();
        var product = B.flatten(start_dim: 1).matmul(A.flatten(start_dim: 1)) * Scale;
        return (convolves ? product.unsqueeze(-1).unsqueeze(-1) : product).MoveToOuterDisposeScope();
    }

    /// <summary>A uniform in ±1/√in, as kaiming_uniform with a = √5 draws it; B zero.</summary>
    internal void Initialize(Generator generator)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        A.copy_((2 * rand(A.shape, generator: generator) - 1) / Math.Sqrt(A.shape[1]));
        B.zero_();
    }

    protected override void RegisterComponents() { }

    private sealed class Matrix : nn.Module
    {
        // TorchSharp puts another parameter here when the module moves, and finds the field by this name.
        internal readonly Parameter weight;

        internal Matrix(long[] shape, Device device) : base(nameof(Matrix))
        {
            weight = new(zeros(shape, ScalarType.Float32, device));
            register_parameter(nameof(weight), weight);
        }
    }
}
