using ImageGen.Adapters;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;
/// <summary>A small model in the published folders, some pictures with captions, and what a LoRA learns of them.</summary>
public abstract class FineTuningCase : IDisposable
{
    private protected readonly TemporaryFolder folder = new();
    private protected readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    protected FineTuningCase()
    {
        using var scope = NewDisposeScope();
        using var model = DiffusionFixtures.Small();
        StableDiffusion.Save(model, Model, ScalarType.Float32);
        OwnPictures.Write(folder["mine"], new Petals(Split.Train, 5, side: 24));
    }

    private protected string Model => folder["model"];

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected string[] Encoded(string name) => [.. Directory.GetFiles(Path.Combine(folder[name], "encoded")).Order(StringComparer.Ordinal)];

    private protected FineTuning Prepare(string name, FineTuneOptions options) => Prepare(name, options, null, cancellation);

    private protected FineTuning Prepare(string name, FineTuneOptions options, IProgress<EncodingProgress>? progress, CancellationToken stop) =>
        FineTuning.Prepare(Model, PictureFolder.Open(folder["mine"], 16), folder[name], options, progress, stop);

    private protected LoopResult Learn(string name, FineTuneOptions options, string? file)
    {
        using var tuning = Prepare(name, options);
        var result = tuning.Run(cancellation: cancellation);
        if (file is not null) LoraFile.Save(tuning.Adapter, file, LoraLayout.Kohya);
        return result;
    }

    private protected Dictionary<string, Tensor> Weights(string name, FineTuneOptions options, bool resume = false, bool trial = false)
    {
        using var tuning = Prepare(name, options);
        if (trial) Assert.True(tuning.Try() > TimeSpan.Zero);
        tuning.Run(resume, cancellation: cancellation);
        return tuning.Adapter.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
    }

    private protected sealed class Encodings(Action<EncodingProgress> seen) : IProgress<EncodingProgress>
    {
        public void Report(EncodingProgress value) => seen(value);
    }

    private protected sealed class Watcher(Action seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen();
    }
}
