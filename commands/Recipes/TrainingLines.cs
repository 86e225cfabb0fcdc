using System.Diagnostics;
using ImageGen.Training;

namespace ImageGen.Course.Recipes;

/// <summary>Shows a long training as lines, one every ten seconds, and keeps its latest sample as a picture.</summary>
internal sealed class TrainingLines(string folder) : IProgress<TrainingProgress>
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly Stopwatch sinceLine = new();

    public void Report(TrainingProgress at)
    {
        if (sinceLine.IsRunning && sinceLine.Elapsed < Pause && at.Step < at.Steps) return;
        sinceLine.Restart();
        Console.WriteLine($"{at.Step}/{at.Steps} {at.Elapsed:h\\:mm\\:ss} "
            + $"{string.Join(" ", at.Values.Select(value => $"{value.Name} {value.Value:0.####}"))}");
        at.Sample?.Save(Path.Combine(folder, "sample.png"));
    }
}
