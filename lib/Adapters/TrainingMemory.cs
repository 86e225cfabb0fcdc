using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>What a training holds besides the activations, counted tensor by tensor, in bytes.</summary>
/// <param name="Weights">Of the model and its adapters.</param>
/// <param name="Gradients">Of what learns.</param>
/// <param name="Optimizer">Adam's two moments of what learns.</param>
/// <param name="Learning">How many numbers learn.</param>
public sealed record TrainingMemory(long Weights, long Gradients, long Optimizer, long Learning)
{
    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Optimizer;

    /// <summary>Counts after at least one step, when gradients and moments are there.</summary>
    /// <param name="weights">Bytes of the weights that are held: see <see cref="BytesOf"/> and <see cref="QuantizedModel.Bytes"/>.</param>
    /// <param name="learning">What learns.</param>
    /// <param name="optimizer">Its optimizer.</param>
    /// <exception cref="CourseException">The optimizer is another one than Adam or AdamW.</exception>
    public static TrainingMemory Of(long weights, IEnumerable<Parameter> learning, OptimizerHelper optimizer)
    {
        using var scope = NewDisposeScope();
        var (gradients, count) = (0L, 0L);
        foreach (var parameter in learning)
        {
            count += parameter.numel();
            if (parameter.grad is { } gradient) gradients += gradient.numel() * gradient.ElementSize;
        }
        var moments = optimizer.state_dict().State.SelectMany(IEnumerable<Tensor?> (state) => state switch
        {
            Adam.State adam => [adam.exp_avg, adam.exp_avg_sq],
            AdamW.State adam => [adam.exp_avg, adam.exp_avg_sq],
            _ => throw new CourseException($"The memory of {optimizer.GetType().Name} is not known: measure with Adam or AdamW."),
        });
        return new(weights, gradients, BytesOf(moments.OfType<Tensor>()), count);
    }

    /// <summary>Bytes of tensors.</summary>
    public static long BytesOf(IEnumerable<Tensor> tensors) => tensors.Sum(tensor => tensor.numel() * tensor.ElementSize);
}
