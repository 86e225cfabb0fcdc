using ImageGen.Runtime;
using ImageGen.Training;
using static TorchSharp.torch;

namespace ImageGen.Course.Recipes;

/// <summary>
/// How one of the course's checkpoints is trained. Each is a class of its own in this folder, listed in
/// <see cref="CourseRecipes"/>.
/// </summary>
internal abstract class Recipe
{
    /// <summary>The checkpoint's name: <c>./course train NAME</c> makes data/checkpoints/NAME.safetensors.</summary>
    public abstract string Name { get; }

    /// <summary>What the checkpoint is, in a sentence.</summary>
    public abstract string About { get; }

    /// <summary>What it is trained on, in a few words.</summary>
    public abstract string Data { get; }

    /// <summary>The steps that the shipped checkpoint took.</summary>
    public abstract int Steps { get; }

    /// <summary>
    /// The mean loss of the last 100 steps; no entry where a run that was finished is only packed again.
    /// </summary>
    protected static void AddLastLoss(Dictionary<string, double> metrics, LoopResult result)
    {
        if (result.Losses.Steps.Count > 0)
            metrics["loss of the last 100 steps"] = result.Losses.Steps.TakeLast(100).Average(step => step[0]);
    }

    /// <summary>
    /// The weights to ship: copies, since the model they are of may be freed before they are written.
    /// </summary>
    protected static IReadOnlyDictionary<string, Tensor> Weights(IReadOnlyDictionary<string, Tensor> state) =>
        state.ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone().DetachFromDisposeScope());

    /// <summary>The figures of the checkpoint that is shipped, measured anew.</summary>
    /// <exception cref="CourseException">Nothing of it is shipped.</exception>
    public virtual IReadOnlyDictionary<string, double> Grade() =>
        throw new CourseException($"Nothing of '{Name}' is shipped, so there is nothing to grade.");

    /// <summary>Trains, or goes on where <see cref="RecipeRun.StateFile"/> stopped.</summary>
    public abstract RecipeResult Train(RecipeRun run);
}

/// <summary>One training by a recipe.</summary>
/// <param name="Steps">Steps in all, with those done before.</param>
/// <param name="Seed">The seed of its random numbers.</param>
/// <param name="Folder">A folder of the run's own, for its state and for pictures made on the way.</param>
/// <param name="Resume">Whether to go on from <see cref="StateFile"/>.</param>
/// <param name="Progress">Told of the steps. The command writes each sample picture into <see cref="Folder"/>.</param>
/// <param name="Cancellation">Stops after the current step; the state is saved then.</param>
internal sealed record RecipeRun(
    int Steps, int Seed, string Folder, bool Resume, IProgress<TrainingProgress> Progress, CancellationToken Cancellation)
{
    /// <summary>Where the recipe keeps all that it needs to go on: see <see cref="TrainingState"/>.</summary>
    public string StateFile => Path.Combine(Folder, "state.safetensors");
}

/// <summary>What a training leaves behind. The tensors are written as fp16 and then disposed.</summary>
/// <param name="Tensors">The weights to ship, by the model's own names.</param>
/// <param name="Notes">What belongs into the file beside them: a configuration, a vocabulary.</param>
/// <param name="Metrics">Figures measured at the end.</param>
/// <param name="Steps">Steps done in all.</param>
/// <param name="Elapsed">Time spent training in all.</param>
internal sealed record RecipeResult(
    IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string>? Notes,
    IReadOnlyDictionary<string, double> Metrics, int Steps, TimeSpan Elapsed);
