using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// The loop of every training. A step computes the losses and moves the weights. Callbacks do what goes with it: before
/// a step they set its learning rate and its seed, after it they average the weights, save the state and report.
/// </summary>
/// <param name="steps">Steps in all, with those that the state has behind it.</param>
/// <param name="lossNames">The names of the numbers that each step gives.</param>
/// <param name="state">All that is needed to go on as if the training had never stopped.</param>
/// <param name="callbacks">Called one after the other, by their <see cref="Callback.Order"/>.</param>
public sealed class TrainingLoop(
    int steps, IReadOnlyList<string> lossNames, TrainingState state, params IReadOnlyList<Callback> callbacks)
{
    /// <summary>A loop that begins at its first step and keeps nothing.</summary>
    public TrainingLoop(int steps, IReadOnlyList<string> lossNames, params IReadOnlyList<Callback> callbacks)
        : this(steps, lossNames, new(), callbacks) { }

    /// <summary>Steps in all.</summary>
    public int Steps => steps;

    /// <summary>Models, optimizers, steps done and time spent.</summary>
    public TrainingState State => state;

    /// <summary>The losses so far; there are none before <see cref="Run"/>.</summary>
    public LossLog Losses { get; private set; } = null!;

    /// <summary>Set by a step that left the weights as they were; the next step starts with it unset.</summary>
    public bool Skipped { get; set; }

    /// <summary>Runs the steps that are left.</summary>
    /// <param name="step">
    /// Does step 1, 2, … and returns its losses, <c>[lossNames.Count]</c>. It has a dispose scope around it: what must
    /// outlive the step is its own affair.
    /// </param>
    /// <exception cref="CourseException">
    /// A loss is not a number or infinite: what was saved stays as it was.
    /// </exception>
    public LoopResult Run(Func<int, Tensor> step)
    {
        Callback[] all = [.. callbacks.Append(Runner.Current).OrderBy(callback => callback.Order)];
        using var losses = Losses = new LossLog(lossNames, state.Step, steps);
        foreach (var callback in all) callback.Begin(this);
        if (state.Step < steps) state.Clock.Start();
        while (state.Step < steps && !all.Any(callback => callback.Stops))
        {
            using var scope = NewDisposeScope();
            Skipped = false;
            foreach (var callback in all) callback.BeforeStep(this, state.Step + 1);
            losses.Add(step(state.Step + 1));
            state.Step++;
            foreach (var callback in all) callback.AfterStep(this);
        }
        state.Clock.Stop();
        foreach (var callback in all) callback.End(this);
        return new(losses.ToHistory(), state.Elapsed, Cancelled: state.Step < steps);
    }
}
