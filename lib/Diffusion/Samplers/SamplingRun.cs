using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>How far a sampling is: told to a callback, whose tensor is valid only until it returns.</summary>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="Steps">Steps planned.</param>
/// <param name="Timestep">Where the step began.</param>
/// <param name="PredictedOriginal">x₀ as the model predicts it there, <c>[B, C, h, w]</c>.</param>
public sealed record SamplingStep(int Step, int Steps, double Timestep, Tensor PredictedOriginal);

/// <summary>What goes with a sampler's loop: the model, noise, and whoever watches.</summary>
internal sealed class SamplingRun(
    IReadOnlyList<double> timesteps, int firstStep, Func<Tensor, double, Tensor> model, Func<Tensor, Tensor> noise,
    Action<SamplingStep>? callback, Func<Tensor, int, Tensor>? adjust, CancellationToken cancellation)
{
    private readonly CancellationToken interrupted = Runner.Current.Token;

    internal int FirstStep => firstStep;

    internal bool Stopped { get; private set; }

    /// <summary>The last step's x₀.</summary>
    internal Tensor? PredictedOriginal { get; private set; }

    /// <summary>A forward pass: x_t and t to the model's prediction.</summary>
    internal Tensor Model(Tensor x, double timestep) => model(x, timestep);

    /// <summary>z: standard normal noise in a tensor's shape.</summary>
    internal Tensor Noise(Tensor like) => noise(like);

    internal bool Continues(int step)
    {
        if (step >= timesteps.Count) return false;
        Stopped = cancellation.IsCancellationRequested || interrupted.IsCancellationRequested;
        return !Stopped;
    }

    /// <summary>Ends a step: lets inpainting in, tells the callback, and frees what the step before left.</summary>
    /// <returns>Where the next step begins, outside of this step's dispose scope.</returns>
    internal Tensor Finish(int step, Tensor x, Tensor next, Tensor predictedOriginal)
    {
        next = adjust?.Invoke(next, step + 1) ?? next;
        callback?.Invoke(new(step + 1, timesteps.Count, timesteps[step], predictedOriginal));
        PredictedOriginal?.Dispose();
        PredictedOriginal = Kept(predictedOriginal);
        var kept = Kept(next);
        x.Dispose();
        return kept;
    }

    /// <summary>
    /// Puts a tensor that later steps need at the head of a list, and frees what is beyond its length.
    /// </summary>
    internal static void Remember(List<Tensor> list, Tensor newest, int length)
    {
        list.Insert(0, Kept(newest));
        if (list.Count <= length) return;
        list[length].Dispose();
        list.RemoveAt(length);
    }

    // A handle of its own, so that nobody else's dispose takes the numbers away.
    private static Tensor Kept(Tensor tensor) => tensor.alias().MoveToOuterDisposeScope();
}
