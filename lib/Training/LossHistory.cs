namespace ImageGen.Training;

/// <summary>The losses of a run, one row a step.</summary>
/// <param name="Names">What each column is.</param>
/// <param name="Steps">Row by row, in the order of <paramref name="Names"/>.</param>
public sealed record LossHistory(IReadOnlyList<string> Names, IReadOnlyList<IReadOnlyList<double>> Steps)
{
    /// <summary>One column: a loss over the steps.</summary>
    /// <exception cref="KeyNotFoundException">No loss has this name.</exception>
    public IReadOnlyList<double> this[string name]
    {
        get
        {
            for (var i = 0; i < Names.Count; i++)
                if (Names[i] == name) return [.. Steps.Select(step => step[i])];
            throw new KeyNotFoundException($"There is no loss '{name}'; there are {string.Join(", ", Names)}.");
        }
    }
}

/// <summary>What a loop leaves behind.</summary>
/// <param name="Losses">The losses of the steps done now, or of all where they were kept.</param>
/// <param name="Elapsed">Time in the loop, with that of earlier runs it went on from.</param>
/// <param name="Cancelled">Whether it was asked to stop before its last step.</param>
public sealed record LoopResult(LossHistory Losses, TimeSpan Elapsed, bool Cancelled);
