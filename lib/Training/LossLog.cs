using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// The losses of a training that runs. They stay tensors until somebody reads them: on a GPU each reading waits for all
/// work before it.
/// </summary>
public sealed class LossLog : IDisposable
{
    private readonly int steps;
    private int last;

    internal LossLog(IReadOnlyList<string> names, int done, int steps)
    {
        (Names, First, last, this.steps) = (names, done + 1, done, steps);
        All = zeros([steps, names.Count], ScalarType.Float64).DetachFromDisposeScope();
    }

    /// <summary>The name of each column.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The first step whose losses are here, from 1.</summary>
    public int First { get; private set; }

    /// <summary>Every step's losses, <c>[steps, names]</c> float64 on the CPU: 0 where they are not known.</summary>
    internal Tensor All { get; }

    /// <summary>A step's losses.</summary>
    /// <exception cref="CourseException">One is not a number or infinite.</exception>
    public double[] this[int step]
    {
        get
        {
            var values = Row(step);
            for (var i = 0; i < values.Length; i++)
                if (!double.IsFinite(values[i]))
                    throw new CourseException($"Training stopped at step {step}: the loss '{Names[i]}' is "
                        + $"{(double.IsNaN(values[i]) ? "not a number" : "infinite")}. Lower the "
                            + $"learning rate, or go on "
                        + "from the last checkpoint.");
            return values;
        }
    }

    /// <summary>Stops a training that has gone wrong; on a GPU this waits for the step to end.</summary>
    /// <exception cref="CourseException">One of the last step's losses is not a number or infinite.</exception>
    public void RequireFinite() => _ = this[last];

    internal void Add(Tensor losses)
    {
        using (no_grad()) All[last].copy_(losses);
        last++;
        if (losses.device_type == DeviceType.CPU || last == steps) RequireFinite();
    }

    internal void Restore(Tensor all, int done)
    {
        All.copy_(all);
        (First, last) = (1, done);
    }

    internal LossHistory ToHistory() =>
        new(Names, [.. Enumerable.Range(First, last - First + 1).Select(step => (IReadOnlyList<double>)Row(step))]);

    /// <inheritdoc/>
    public void Dispose() => All.Dispose();

    private double[] Row(int step)
    {
        using var row = All[step - 1];
        return row.data<double>().ToArray();
    }
}
