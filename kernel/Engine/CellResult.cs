using ImageGen.Kernel.Outputs;

namespace ImageGen.Kernel.Engine;

/// <summary>How a cell ended.</summary>
public enum CellStatus
{
    /// <summary>To its last line.</summary>
    Ok,

    /// <summary>With an error: it did not compile, or threw.</summary>
    Failed,

    /// <summary>Stopped by the student.</summary>
    Interrupted,

    /// <summary>It could not be stopped; its thread was left behind and the engine goes on without it.</summary>
    Abandoned,
}

/// <summary>The end of a cell.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="ExecutionCount">The number in its brackets.</param>
/// <param name="Elapsed">From the engine taking it to its end.</param>
/// <param name="Error">What was shown, unless it ended well.</param>
public sealed record CellResult(CellStatus Status, int ExecutionCount, TimeSpan Elapsed, ErrorOutput? Error = null);
