using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// Training in two precisions (Micikevicius and others, arXiv 1710.03740): a copy of the model in bfloat16 computes,
/// forward and back, and the model's own weights, which are float32, take the steps. Weights in bfloat16 alone would
/// stand still: they have 8 significant bits, so that a change of less than a 512th of a weight is rounded away.
/// Bfloat16 reaches as far as float32; so, other than with float16, the loss needs no <see cref="LossScaler"/>.
/// </summary>
public sealed class MixedPrecision
{
    private readonly (Parameter Own, Parameter Half)[] pairs;

    /// <summary>Pairs the weights of both by their names.</summary>
    /// <param name="model">What learns, in float32.</param>
    /// <param name="copy">
    /// What computes: a model of the same structure. It is made bfloat16 here, and belongs to the caller.
    /// </param>
    public MixedPrecision(nn.Module model, nn.Module copy)
    {
        copy.to(ScalarType.BFloat16);
        var halves = copy.named_parameters().ToDictionary(
            parameter => parameter.name, parameter => parameter.parameter);
        pairs = [.. model.named_parameters().Select(parameter => (parameter.parameter, halves[parameter.name]))];
    }

    /// <summary>Rounds the model's weights into the copy: before each step.</summary>
    public void TakeWeights()
    {
        using var noGrad = no_grad();
        foreach (var (own, half) in pairs) half.copy_(own);
    }

    /// <summary>
    /// Adds the copy's gradients to the model's, and empties them: after each way back, for sums in bfloat16 would
    /// round small parts away.
    /// </summary>
    public void GiveGradients()
    {
        using var noGrad = no_grad();
        foreach (var (own, half) in pairs)
        {
            if (half.grad is not { } gradient) continue;
            using var wide = gradient.to(ScalarType.Float32);
            if (own.grad is { } sum) sum.add_(wide);
            else own.grad = wide.clone();
            gradient.zero_();
        }
    }
}
