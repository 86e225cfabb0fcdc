using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class DiffusionTrainingTests : IDisposable
{
    private readonly Petals data = new(Split.Train, 12, side: 16);
    private readonly BertText bert;
    private readonly AutoencoderKL autoencoder;
    private readonly UNet unet;
    private readonly LatentDiffusion model;

    public DiffusionTrainingTests()
    {
        manual_seed(3);
        bert = BertText.Untrained(Enumerable.Range(0, data.Count).SelectMany(data.Captions), new BertConfig(400, Width: 16, Layers: 1, Heads: 2, FeedForward: 16, Positions: 24));
        autoencoder = new(new([8, 8, 8], 1, NormGroups: 2));
        unet = new(new([8, 16], [false, true], bert.Width, ResnetsPerLevel: 1, Heads: 2, NormGroups: 2, LatentSide: 4));
        autoencoder.eval();
        unet.eval();
        model = new(autoencoder, unet, new BertConditioner(bert), DiffusionConfig.Petals);
    }

    [Fact]
    public void ATrainingStepNeedsNeitherAutoencoderNorTextEncoder()
    {
        using var cache = Cache();
        autoencoder.Dispose();
        bert.Dispose();
        var result = DiffusionTraining.Run(model, cache, new() { Steps = 2, BatchSize = 4 }, cancellation: TestContext.Current.CancellationToken);
        Assert.All(result.Losses["loss"], loss => Assert.True(double.IsFinite(loss)));
    }

    [Fact]
    public void TrainingLearnsGoesOnBitForBitAndLeavesNoTensors()
    {
        using var folder = new TemporaryFolder();
        using var cache = Cache();
        var start = Copies();
        var options = new DiffusionOptions { Steps = 6, BatchSize = 4, WarmUp = 2, SaveEvery = 3, Accumulate = 2, MinSnrGamma = 5 };
        DiffusionTraining.Run(model, cache, options, cancellation: TestContext.Current.CancellationToken);
        var whole = Copies();
        Put(start);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var state = Path.Combine(folder.Path, "state.safetensors");
        using var stop = new CancellationTokenSource();
        DiffusionTraining.Run(model, cache, options with { StateFile = state }, new StopAtFirst(stop), stop.Token);
        Put(start); // what is kept is in the file alone
        var result = DiffusionTraining.Run(model, cache, options with { StateFile = state, Resume = true }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(5, result.Losses.Steps.Count); // the first step was reported, and so the last before the stop
        Assert.Equal(DiffusionTraining.LossNames, result.Losses.Names);
        foreach (var (name, value) in unet.state_dict()) Assert.True(value.equal(whole[name]).all().item<bool>(), name);
        foreach (var value in start.Values.Concat(whole.Values)) value.Dispose();
    }

    [Fact]
    public void TheLossFallsOnOneFlower()
    {
        using var one = LatentCache.Of(new Petals(Split.Train, 1, side: 16), autoencoder, model.Text, captionsPerPicture: 1, cancellation: TestContext.Current.CancellationToken);
        var losses = DiffusionTraining.Run(model, one, new() { Steps = 150, BatchSize = 8, WarmUp = 5, LearningRate = 1e-2 }, cancellation: TestContext.Current.CancellationToken).Losses["loss"];
        var (first, last) = (losses.Take(10).Average(), losses.TakeLast(10).Average());
        Assert.True(last < 0.7 * first, $"from {first} to {last}");
    }

    [Fact]
    public void InMixedPrecisionTheStepsAreNearlyThoseOfFloat32()
    {
        using var cache = Cache();
        var start = Copies();
        var options = new DiffusionOptions { Steps = 4, BatchSize = 4, WarmUp = 1, Accumulate = 2, Decay = 0 };
        var exact = DiffusionTraining.Run(model, cache, options, cancellation: TestContext.Current.CancellationToken).Losses["loss"];
        var learned = Copies();
        Put(start);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var mixed = DiffusionTraining.Run(model, cache, options with { MixedPrecision = true }, cancellation: TestContext.Current.CancellationToken).Losses["loss"];
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.NotEqual(exact[0], mixed[0]); // bfloat16 did compute
        foreach (var (one, other) in exact.Zip(mixed)) Assert.Equal(1, other / one, tolerance: 0.02);
        double way = 0, apart = 0;
        foreach (var (name, value) in unet.state_dict())
        {
            Assert.Equal(ScalarType.Float32, value.dtype);
            way += (learned[name] - start[name]).square().sum().item<float>();
            apart += (learned[name] - value).square().sum().item<float>();
        }
        Assert.True(apart < 0.1 * way, $"{apart} of {way}");
        foreach (var value in start.Values.Concat(learned.Values)) value.Dispose();
    }

    [Fact]
    public void MixedPrecisionIsForAWholeUNetInFloat32()
    {
        using var cache = Cache();
        unet.to(ScalarType.BFloat16);
        var message = Assert.Throws<CourseException>(() => DiffusionTraining.Run(model, cache, new() { MixedPrecision = true }, cancellation: TestContext.Current.CancellationToken)).Message;
        Assert.Contains("open the U-Net as Float32", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void OptionsOutOfRangeAreNamed()
    {
        using var cache = Cache();
        foreach (var (options, name) in new[]
                 {
                     (new DiffusionOptions { Accumulate = 0 }, "Accumulate is 0"), (new() { CaptionDropout = 1.1 }, "CaptionDropout is 1.1"),
                     (new() { MinSnrGamma = 0 }, "MinSnrGamma is 0"), (new() { Resume = true }, "StateFile"),
                 })
            Assert.Contains(name, Assert.Throws<CourseException>(() => DiffusionTraining.Run(model, cache, options, cancellation: TestContext.Current.CancellationToken)).Message);
    }

    public void Dispose()
    {
        bert.Dispose();
        autoencoder.Dispose();
        unet.Dispose();
    }

    private LatentCache Cache() => LatentCache.Of(data, autoencoder, model.Text);

    private Dictionary<string, Tensor> Copies() => unet.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());

    private void Put(Dictionary<string, Tensor> values)
    {
        using var noGrad = no_grad();
        foreach (var (name, value) in unet.state_dict()) value.copy_(values[name]);
    }

    private sealed class StopAtFirst(CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => stop.Cancel();
    }
}
