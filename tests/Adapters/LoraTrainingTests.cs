using ImageGen.Adapters;
using ImageGen.Course.Running;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class LoraTrainingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private LossHistory? lastLosses;
    private float[]? lastDrawn; // what chance gives after the training
    private readonly BertText bert = BertText.Untrained(["a red flower", "a blue flower with white petals"], new BertConfig(400, Width: 16, Layers: 1, Heads: 2, FeedForward: 16, Positions: 24, Dropout: 0));

    [Fact]
    public void OnlyTheAdapterLearnsAndAResumedTrainingIsTheSameToTheBit()
    {
        using var scope = NewDisposeScope();
        var (whole, before, after) = Train(new() { Steps = 6 });
        Assert.True(AdapterFixtures.Same(before, after)); // the base, without the adapter
        var state = folder["state.safetensors"];
        Train(new() { Steps = 6, StateFile = state, SaveEvery = 3 }, stopped: true); // at the first report, after step 1
        var (resumed, _, _) = Train(new() { Steps = 6, StateFile = state, Resume = true });
        Assert.All(whole, pair => Assert.True(AdapterFixtures.Same(pair.Value, resumed[pair.Key]), pair.Key));
        Assert.All(whole.Where(pair => pair.Key.EndsWith("lora_B.weight", StringComparison.Ordinal)), pair => Assert.True(pair.Value.abs().max().item<float>() > 0));
        using var file = ImageGen.Weights.WeightFile.Open(state);
        Assert.All(file.Entries.Where(entry => entry.Name.StartsWith("model:", StringComparison.Ordinal)), entry => Assert.Contains(".lora_", entry.Name));
    }

    [Fact]
    public void InALessonThatIsKeptItGoesOnAndItsChanceAndLossesAreThoseOfAWholeRun()
    {
        using var scope = NewDisposeScope();
        var (whole, _, _) = Train(new() { Steps = 6 });
        var (learned, losses, next) = InLesson("001-a");
        Assert.All(whole, pair => Assert.True(AdapterFixtures.Same(pair.Value, learned[pair.Key]), pair.Key)); // keeping changes nothing
        InLesson("001-b", stopped: true);
        for (var run = 0; run < 2; run++) // the second finds all steps done
        {
            var (resumed, again, drawn) = InLesson("001-b");
            Assert.All(whole, pair => Assert.True(AdapterFixtures.Same(pair.Value, resumed[pair.Key]), pair.Key));
            Assert.Equal(losses, again);
            Assert.Equal(next, drawn);
        }
        Assert.Equal(["001-a-1.safetensors", "001-b-1.safetensors"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Order());

        (Dictionary<string, Tensor> Learned, double[] Losses, float[] Next) InLesson(string cell, bool stopped = false)
        {
            using var running = Runner.Enter(new KeepingRunner(folder[cell], TestContext.Current.CancellationToken));
            var (values, _, _) = Train(new() { Steps = 6, SaveEvery = 3 }, stopped);
            return (values, [.. lastLosses!["loss"]], [.. lastDrawn!]);
        }
    }

    [Fact]
    public void BertLearnsNewWordsThroughAnAdapterAlone()
    {
        using var scope = NewDisposeScope();
        // First all of it learns its words, then an adapter alone learns what is said of them now.
        MaskedLanguageTraining.Run(bert, ["a red flower", "a blue flower with white petals"], new() { Steps = 120, BatchSize = 16, LearningRate = 2e-2 }, cancellation: TestContext.Current.CancellationToken);
        string[] captions = ["petals white red blue", "with with a a flower"];
        var base_ = bert.Model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        using var lora = Lora.Attach(bert.Model, new() { Targets = [.. LoraOptions.Bert, "dense"], Rank = 8, Alpha = 32 });
        var result = MaskedLanguageTraining.Run(bert, lora, captions, new() { Steps = 150, BatchSize = 16, LearningRate = 1e-2 }, cancellation: TestContext.Current.CancellationToken);
        var losses = result.Losses["loss"];
        Assert.True(losses.TakeLast(10).Average() < 0.7 * losses.Take(5).Average(), $"{losses.Take(5).Average()} to {losses.TakeLast(10).Average()}");
        Assert.All(bert.Model.state_dict(), pair => Assert.True(AdapterFixtures.Same(base_[pair.Key], pair.Value), pair.Key));
    }

    [Fact]
    public void MemoryIsCountedTensorByTensor()
    {
        using var scope = NewDisposeScope();
        var model = nn.Sequential(("a", nn.Linear(100, 50)));
        using var full = optim.AdamW(model.parameters(), 1e-3);
        Step(full);
        var all = TrainingMemory.Of(TrainingMemory.BytesOf(model.state_dict().Values), model.parameters(), full);
        Assert.Equal(new(5050 * 4, 5050 * 4, 2 * 5050 * 4, 5050), all);
        model.zero_grad();
        using var lora = Lora.Attach(model, new() { Targets = ["a"], Rank = 2 });
        using var adam = optim.Adam(lora.parameters(), 1e-3);
        Step(adam);
        var weights = TrainingMemory.BytesOf(model.state_dict().Values) + TrainingMemory.BytesOf(lora.state_dict().Values);
        Assert.Equal(new((5050 + 300) * 4, 300 * 4, 2 * 300 * 4, 300), TrainingMemory.Of(weights, lora.parameters(), adam));

        void Step(TorchSharp.Modules.OptimizerHelper optimizer)
        {
            model.call(randn(2, 100)).sum().backward();
            optimizer.step();
        }
    }

    public void Dispose()
    {
        bert.Dispose();
        folder.Dispose();
    }

    private (Dictionary<string, Tensor> Learned, Tensor Before, Tensor After) Train(DiffusionOptions options, bool stopped = false)
    {
        manual_seed(3);
        var data = new Petals(Split.Train, 8, side: 16);
        using var autoencoder = new AutoencoderKL(new([8, 8, 8], 1, NormGroups: 2));
        autoencoder.eval();
        using var unet = AdapterFixtures.TinyUNet();
        var text = new BertConditioner(bert);
        using var cache = LatentCache.Of(data, autoencoder, text);
        var before = unet.Ask();
        using var lora = Lora.Attach(unet, new() { Rank = 2, Dropout = 0.1 });
        using var stop = new CancellationTokenSource();
        var watcher = stopped ? new Watcher(stop.Cancel) : null;
        lastLosses = DiffusionTraining.Run(new(autoencoder, unet, text, DiffusionConfig.Petals), lora, cache, options with { BatchSize = 4, WarmUp = 2 }, watcher, stop.Token).Losses;
        lastDrawn = rand(3).data<float>().ToArray();
        var learned = lora.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        lora.Detach();
        return (learned, before, unet.Ask());
    }

    private sealed class Watcher(Action seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen();
    }
}
