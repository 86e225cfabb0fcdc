using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// A product with 4-bit weights, which are dequantized for it and forgotten at once; the way back dequantizes them again. So
/// a training never holds more than one layer's weights in full.
/// </summary>
internal sealed class Nf4Product : autograd.SingleTensorFunction<Nf4Product>
{
    private const string Weights = "weights";

    public override string Name => nameof(Nf4Product);

    /// <summary><c>x·Wᵀ</c> for x <c>[…, in]</c>.</summary>
    internal static Tensor Of(Tensor x, Nf4Weights weights)
    {
        if (x.requires_grad && is_grad_enabled()) return apply(x, weights);
        using var scope = NewDisposeScope();
        return nn.functional.linear(x, weights.Dequantize().to(x.dtype)).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext context, params object[] inputs)
    {
        var (x, weights) = ((Tensor)inputs[0], (Nf4Weights)inputs[1]);
        context.save_data(Weights, weights);
        using var scope = NewDisposeScope();
        return nn.functional.linear(x, weights.Dequantize().to(x.dtype)).MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        var weights = ((Nf4Weights)context.get_data(Weights)).Dequantize().to(gradient.dtype);
        return [gradient.matmul(weights).MoveToOuterDisposeScope(), null!]; // nothing for the weights, which do not learn
    }
}
