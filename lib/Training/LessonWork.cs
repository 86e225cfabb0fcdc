using ImageGen.Runtime;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// What a lesson made before it was stopped and need not make again: <c>./course run --scale full</c> keeps finished pictures and
/// measures until the lesson has ended, as <see cref="LessonState"/> keeps trainings.
/// </summary>
internal static class LessonWork
{
    private const string Chance = "chance";

    /// <summary>Makes something, or takes up what was made. Chance goes on from there in the same way.</summary>
    /// <param name="make">Makes it.</param>
    /// <param name="parts">Its tensors; null where it was stopped before its end, so that nothing is kept.</param>
    /// <param name="takeUp">Makes it of those tensors, which are read when they are asked for.</param>
    /// <exception cref="CourseException">What was kept is damaged, or cannot be written.</exception>
    public static T Once<T>(Func<T> make, Func<T, Dictionary<string, Tensor>?> parts, Func<WeightFile, T> takeUp)
    {
        if (CellScope.NextState() is not { } path) return make();
        if (File.Exists(path))
        {
            using var file = WeightFile.Open(path);
            var kept = takeUp(file);
            using var then = file.Read(Chance);
            random.set_rng_state(then);
            return kept;
        }
        var made = make();
        using var scope = NewDisposeScope();
        if (parts(made) is not { } tensors) return made;
        tensors.Add(Chance, random.get_rng_state());
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        SafeTensors.Save(path, tensors);
        return made;
    }

    /// <summary>The same for one tensor.</summary>
    /// <param name="device">Where it belongs.</param>
    /// <param name="make">Makes it.</param>
    /// <param name="whole">Whether it is all that was to be made; it is when not given.</param>
    public static Tensor Once(Device device, Func<Tensor> make, Func<bool>? whole = null) => Once(
        make, made => whole?.Invoke() == false ? null : new() { ["made"] = made }, file => file.Read("made", device));
}
