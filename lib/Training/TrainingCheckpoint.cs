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
/// loss is multiplied by, the step and the time spent, in one safetensors file. Chance is not in it: trainers reseed each step from
/// <see cref="Seeds.At"/>, so that step n draws the same numbers whether or not the training was interrupted before it.
/// </summary>
public sealed class TrainingCheckpoint
{
    private const string StepKey = "step", SecondsKey = "seconds", OptimizerPrefix = "optimizer:", ScaleKey = ":scale", GoodKey = ":good steps", LossesKey = "losses";

    private readonly List<(string Name, nn.Module Module)> models = [];
    private readonly List<(string Name, OptimizerHelper Optimizer)> optimizers = [];
    private readonly List<(string Name, Ema Ema)> averages = [];
    private readonly List<(string Name, LossScaler Scaler)> scalers = [];
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private TimeSpan before;

    /// <summary>Time spent training, with the time before the last <see cref="Load"/>.</summary>
    public TimeSpan Elapsed => before + clock.Elapsed;

    /// <summary>Adds a model's parameters and buffers.</summary>
    public TrainingCheckpoint Add(string name, nn.Module model)
    {
        models.Add((name, model));
        return this;
    }

    /// <summary>Adds an optimizer's moments and step counts.</summary>
    public TrainingCheckpoint Add(string name, OptimizerHelper optimizer)
    {
        optimizers.Add((name, optimizer));
        return this;
    }

    /// <summary>Adds averaged weights.</summary>
    public TrainingCheckpoint Add(string name, Ema ema)
    {
        averages.Add((name, ema));
        return this;
    }

    /// <summary>Adds the factor of a loss, and how long it has been good.</summary>
    public TrainingCheckpoint Add(string name, LossScaler scaler)
    {
        scalers.Add((name, scaler));
        return this;
    }

    /// <summary>Writes everything. A file of that name is replaced only when the new one is complete: a full disk loses nothing.</summary>
    /// <param name="path">The file; its folder is made when it is not there.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="losses">The losses so far, to be kept with it; none when null.</param>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public void Save(string path, int step, Tensor? losses = null)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>();
        var notes = new Dictionary<string, string>
        {
            [StepKey] = step.ToString(CultureInfo.InvariantCulture),
            [SecondsKey] = Elapsed.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (name, model) in models)
            foreach (var (key, value) in model.state_dict()) tensors[$"{name}:{key}"] = value;
        foreach (var (name, ema) in averages)
        {
            foreach (var (key, value) in ema.Averages) tensors[$"{name}:{key}"] = value;
            notes[name] = ema.Updates.ToString(CultureInfo.InvariantCulture);
        }
        foreach (var (name, optimizer) in optimizers)
        {
            using var bytes = new MemoryStream();
            using (var writer = new BinaryWriter(bytes)) optimizer.save_state_dict(writer);
            tensors[OptimizerPrefix + name] = tensor(bytes.ToArray());
        }
        foreach (var (name, scaler) in scalers)
        {
            notes[name + ScaleKey] = scaler.Scale.ToString("R", CultureInfo.InvariantCulture);
            notes[name + GoodKey] = scaler.GoodSteps.ToString(CultureInfo.InvariantCulture);
        }
        if (losses is not null) tensors[LossesKey] = losses;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        SafeTensors.Save(path, tensors, metadata: notes);
    }

    /// <summary>Reads everything back into the models, averages and optimizers that were added.</summary>
    /// <param name="path">The file.</param>
    /// <param name="losses">Where the losses go that were kept with it; they are left alone when null.</param>
    /// <returns>Steps done when it was saved.</returns>
    /// <exception cref="CourseException">The file is damaged, or belongs to models of other shapes: it names the layers and shapes.</exception>
    public int Load(string path, Tensor? losses = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var file = WeightFile.Open(path);
        if (!int.TryParse(file.Metadata.GetValueOrDefault(StepKey), CultureInfo.InvariantCulture, out var step))
            throw new CourseException($"{path} is no checkpoint of a training: it does not say at which step it was saved. Give a file that a training saved, or start anew.");
        foreach (var (name, model) in models) file.LoadInto(model, key => Below(name, key));
        foreach (var (name, ema) in averages)
        {
            foreach (var (key, value) in ema.Averages) value.copy_(file.Read($"{name}:{key}"));
            ema.Updates = int.TryParse(file.Metadata.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var updates) ? updates : step;
        }
        foreach (var (name, optimizer) in optimizers)
        {
            using var reader = new BinaryReader(new MemoryStream(file.Read(OptimizerPrefix + name).data<byte>().ToArray()));
            optimizer.load_state_dict(reader);
        }
        foreach (var (name, scaler) in scalers)
        {
            if (!double.TryParse(file.Metadata.GetValueOrDefault(name + ScaleKey), CultureInfo.InvariantCulture, out var scale) || !(scale > 0)
                || !int.TryParse(file.Metadata.GetValueOrDefault(name + GoodKey), CultureInfo.InvariantCulture, out var good))
                throw new CourseException($"{path} is of a training in another type than float16: it does not say what its loss was multiplied by. Go on in that type, or start anew.");
            (scaler.Scale, scaler.GoodSteps) = (scale, good);
        }
        losses?.copy_(file.Read(LossesKey));
        before = Durations.OfSeconds(double.TryParse(file.Metadata.GetValueOrDefault(SecondsKey), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0);
        clock.Restart();
        return step;
    }

    private static string? Below(string name, string key) => key.StartsWith(name + ":", StringComparison.Ordinal) ? key[(name.Length + 1)..] : null;
}
