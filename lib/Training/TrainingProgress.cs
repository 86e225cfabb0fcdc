using ImageGen.Imaging;

namespace ImageGen.Training;

/// <summary>One named number of a training step, for example <c>style</c> = 0.31.</summary>
public readonly record struct NamedValue(string Name, double Value);

/// <summary>What a trainer tells those who watch: never more often than they can look, and never a tensor.</summary>
/// <param name="Step">Steps done, from 1 to <paramref name="Steps"/>.</param>
/// <param name="Steps">Steps planned in all.</param>
/// <param name="Elapsed">Time since the first step began.</param>
/// <param name="Values">Losses and other curves at this step.</param>
/// <param name="Sample">What the model makes at this step, when the trainer has something to show.</param>
public sealed record TrainingProgress(
    int Step, int Steps, TimeSpan Elapsed, IReadOnlyList<NamedValue> Values, Picture? Sample = null);
