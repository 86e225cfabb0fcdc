using System.Diagnostics;
using System.Globalization;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// Everything a training needs to go on as if it had never stopped: models, averages, the optimizers' moments, what the
/// loss is multiplied by, the step and the time spent, in one safetensors file. Random numbers are not in it: trainings
/// seed each step from <see cref="Seeds.At"/>, so that step n draws the same numbers whether or not it was interrupted.
/// </summary>
public sealed class TrainingState
{
    private const string StepKey = "step", SecondsKey = "seconds", LossesKey = "losses";

    private readonly List<(Action<Contents> Save, Action<WeightFile> Load)> parts = [];
    private TimeSpan before;

    private sealed record Contents(Dictionary<string, Tensor> Tensors, Dictionary<string, string> Notes);

    /// <summary>Steps done.</summary>
    public int Step { get; internal set; }

    /// <summary>Time spent in the loop, with that before the last <see cref="Load"/>.</summary>
    public TimeSpan Elapsed => before + Clock.Elapsed;

    /// <summary>
    /// Whether a training can go on from its middle. Where something that it remembers is not in its state, only a
    /// training that has ended can be taken up.
    /// </summary>
    public bool Resumable { get; init; } = true;

    /// <summary>Whether there is nothing to save but the step.</summary>
    public bool IsEmpty => parts.Count == 0;

    /// <summary>Runs while the loop does.</summary>
    internal Stopwatch Clock { get; } = new();

    /// <summary>Adds a model's parameters and buffers.</summary>
    public TrainingState Add(string name, nn.Module model) => Add(
        contents => AddAll(contents, name, model.state_dict()),
        file => file.LoadInto(
            model, key => key.StartsWith(name + ":", StringComparison.Ordinal) ? key[(name.Length + 1)..] : null));

    /// <summary>Adds an optimizer's moments and step counts.</summary>
    public TrainingState Add(string name, OptimizerHelper optimizer)
    {
        var key = "optimizer:" + name;
        return Add(contents =>
        {
            using var bytes = new MemoryStream();
            using (var writer = new BinaryWriter(bytes)) optimizer.save_state_dict(writer);
            contents.Tensors[key] = tensor(bytes.ToArray());
        }, file =>
        {
            using var reader = new BinaryReader(new MemoryStream(file.Read(key).data<byte>().ToArray()));
            optimizer.load_state_dict(reader);
        });
    }

    /// <summary>Adds averaged weights.</summary>
    public TrainingState Add(string name, Ema ema) => Add(contents =>
    {
        AddAll(contents, name, ema.Averages);
        contents.Notes[name] = ema.Updates.ToString(CultureInfo.InvariantCulture);
    }, file =>
    {
        foreach (var (key, value) in ema.Averages) value.copy_(file.Read($"{name}:{key}"));
        ema.Updates = Number(file, name) ?? Number(file, StepKey)!.Value; // files from before did not say
    });

    /// <summary>Adds the factor of a loss, and how long it has been good.</summary>
    public TrainingState Add(string name, LossScaler scaler)
    {
        var (scaleKey, goodKey) = (name + ":scale", name + ":good steps");
        return Add(contents =>
        {
            contents.Notes[scaleKey] = scaler.Scale.ToString("R", CultureInfo.InvariantCulture);
            contents.Notes[goodKey] = scaler.GoodSteps.ToString(CultureInfo.InvariantCulture);
        }, file =>
        {
            if (Real(file, scaleKey) is not { } scale || !(scale > 0) || Number(file, goodKey) is not { } good)
                throw new CourseException($"{file.Path} is of a training in another type than "
                    + $"float16: it does not say what "
                    + "its loss was multiplied by. Go on in that type, or start anew.");
            (scaler.Scale, scaler.GoodSteps) = (scale, good);
        });
    }

    /// <summary>Adds a tensor that steps may replace.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="get">The tensor as it is.</param>
    /// <param name="set">Puts another in its place, which is dropped after the call.</param>
    public TrainingState Add(string name, Func<Tensor> get, Action<Tensor> set) =>
        Add(contents => contents.Tensors[name] = get(), file => set(file.Read(name)));

    /// <summary>
    /// Writes everything. An older file is replaced only when the new one is complete: a full disk loses nothing.
    /// </summary>
    /// <param name="path">The file; its folder is made when it is not there.</param>
    /// <param name="losses">The losses so far, to be kept with it; none when null.</param>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public void Save(string path, LossLog? losses = null)
    {
        using var scope = NewDisposeScope();
        var contents = new Contents([], new()
        {
            [StepKey] = Step.ToString(CultureInfo.InvariantCulture),
            [SecondsKey] = Elapsed.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        });
        foreach (var (save, _) in parts) save(contents);
        if (losses is not null) contents.Tensors[LossesKey] = losses.All;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        SafeTensors.Save(path, contents.Tensors, metadata: contents.Notes);
    }

    /// <summary>Reads everything back into the models, averages and optimizers that were added.</summary>
    /// <param name="path">The file.</param>
    /// <param name="losses">Where the losses go that were kept with it; they are left alone when null.</param>
    /// <exception cref="CourseException">
    /// The file is damaged, or belongs to models of other shapes: it names the layers and shapes.
    /// </exception>
    public void Load(string path, LossLog? losses = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var file = WeightFile.Open(path);
        if (Number(file, StepKey) is not { } step)
            throw new CourseException($"{path} is no checkpoint of a training: it does not say "
                + $"at which step it was saved. "
                + "Give a file that a training saved, or start anew.");
        foreach (var (_, load) in parts) load(file);
        losses?.Restore(file.Read(LossesKey), step);
        (Step, before) = (step, Durations.OfSeconds(Real(file, SecondsKey) ?? 0));
        Clock.Reset();
    }

    /// <summary>Goes on from a file where that is asked for.</summary>
    /// <exception cref="CourseException">No file is named, or it is damaged or of another training.</exception>
    internal void Resume(bool asked, string? stateFile)
    {
        if (!asked) return;
        Load(stateFile ?? throw new CourseException("Resume is set and StateFile is not: name the file to go on "
            + "from."));
    }

    private TrainingState Add(Action<Contents> save, Action<WeightFile> load)
    {
        parts.Add((save, load));
        return this;
    }

    private static void AddAll(Contents contents, string name, IReadOnlyDictionary<string, Tensor> values)
    {
        foreach (var (key, value) in values) contents.Tensors[$"{name}:{key}"] = value;
    }

    private static int? Number(WeightFile file, string key) =>
        int.TryParse(file.Metadata.GetValueOrDefault(key), CultureInfo.InvariantCulture, out var value) ? value : null;

    private static double? Real(WeightFile file, string key) =>
        double.TryParse(file.Metadata.GetValueOrDefault(key), CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
