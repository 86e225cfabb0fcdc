using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// The state of a training in a lesson that is to go on where it was stopped: <c>./course run --scale full</c> keeps the states of
/// all trainings until the lesson has ended. The losses are in it too, since the lesson's next cells show them.
/// </summary>
internal sealed class LessonState : IDisposable
{
    private readonly string file;
    private readonly int steps, seed;

    private LessonState(string file, int steps, int seed, int losses) =>
        (this.file, this.steps, this.seed, Losses) = (file, steps, seed, zeros([steps, losses], ScalarType.Float64));

    /// <summary>Every step's losses, <c>[steps, losses]</c> float64 on the CPU, for <see cref="StepLoop.Run"/> to fill in.</summary>
    public Tensor Losses { get; }

    /// <summary>The state of the training that begins now; null where nothing is kept.</summary>
    public static LessonState? OfNext(int steps, int seed, IReadOnlyList<string> lossNames) =>
        CellScope.NextState() is { } file ? new(file, steps, seed, lossNames.Count) : null;

    /// <summary>Goes on with what was kept, if anything was.</summary>
    /// <returns>Steps done.</returns>
    /// <exception cref="CourseException">The file is damaged.</exception>
    public int TakeUp(TrainingCheckpoint state)
    {
        if (!File.Exists(file)) return 0;
        var done = state.Load(file, Losses);
        Console.WriteLine(done < steps ? $"This training was stopped and goes on after step {done:N0} of {steps:N0}." : "This training had ended when the lesson was stopped.");
        return done;
    }

    /// <summary>When to keep it.</summary>
    public Saving Saving(int every, TrainingCheckpoint state) => new(every, step => state.Save(file, step, Losses));

    /// <summary>Ends the training: chance goes on from here in the same way, however many of the steps were taken before the stop.</summary>
    public void Dispose()
    {
        Losses.Dispose();
        manual_seed(Seeds.At(seed, steps));
    }
}
