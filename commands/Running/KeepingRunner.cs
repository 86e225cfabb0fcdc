using System.Diagnostics;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Course.Running;

/// <summary>
/// Runs a cell of a lesson that is to go on where it was stopped: it keeps the state of each training with its losses,
/// which the lesson's next cells show, and the results of other long work.
/// </summary>
/// <param name="path">
/// What the files' paths begin with. The first, the second … work of a cell is the same whenever the cell runs.
/// </param>
/// <param name="token">Stops the cell; the kernel's own where it cannot be canceled.</param>
internal sealed class KeepingRunner(string path, CancellationToken token = default) : Runner(token)
{
    private const string Made = "made", RandomState = "random";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly Stopwatch sinceSaved = new();
    private TrainingLoop? running;
    private string file = "";
    private int begun, done;

    /// <summary>
    /// Goes on with what was kept, if anything was. A training that has steps behind it looks after itself.
    /// </summary>
    public override void Begin(TrainingLoop loop)
    {
        base.Begin(loop);
        if (loop.State.IsEmpty || loop.State.Step > 0) return;
        (running, file) = (loop, Next());
        done = 0;
        sinceSaved.Restart();
        if (!File.Exists(file)) return;
        var state = loop.State;
        state.Load(file, loop.Losses);
        done = state.Step;
        if (!state.Resumable) return;
        Console.WriteLine(state.Step < loop.Steps
            ? $"This training was stopped and goes on after step {state.Step:N0} of {loop.Steps:N0}."
            : "This training had ended when the lesson was stopped.");
    }

    /// <inheritdoc/>
    public override void AfterStep(TrainingLoop loop)
    {
        if (loop == running && loop.State.Resumable && loop.State.Step < loop.Steps && sinceSaved.Elapsed > Pause)
            Save(loop);
    }

    /// <summary>
    /// Random numbers go on from here in the same way, however many of the steps were taken before the stop.
    /// </summary>
    public override void End(TrainingLoop loop)
    {
        if (loop != running) return;
        var (state, steps) = (loop.State, loop.Steps);
        if (state.Step > done && (state.Resumable || state.Step == steps)) Save(loop);
        manual_seed(Seeds.At(Seeds.Default, steps));
        running = null;
    }

    /// <summary>Samples that a training shows on its way are no work of their own.</summary>
    public override Tensor Once(Device device, Func<Tensor> make, CancellationToken cancellation = default)
    {
        if (running is not null) return make();
        var kept = Next();
        if (File.Exists(kept))
        {
            using var opened = WeightFile.Open(kept);
            using var then = opened.Read(RandomState);
            var again = opened.Read(Made, device);
            random.set_rng_state(then);
            return again;
        }
        var made = make();
        if (cancellation.IsCancellationRequested || Token.IsCancellationRequested) return made;
        using var now = random.get_rng_state();
        Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
        SafeTensors.Save(kept, new Dictionary<string, Tensor> { [Made] = made, [RandomState] = now });
        return made;
    }

    private void Save(TrainingLoop loop)
    {
        loop.Losses.RequireFinite();
        loop.State.Save(file, loop.Losses);
        sinceSaved.Restart();
    }

    private string Next() => $"{path}-{Interlocked.Increment(ref begun)}.safetensors";
}
