using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class DecoderTrainingTests
{
    private static readonly DecoderOptions Few = new() { Steps = 6, BatchSize = 2, SaveEvery = 3, SampleEvery = 0, AdversarialFrom = 1, AdversarialWarmUp = 1, LearningRate = 1e-2 };

    [Fact]
    public void TheDiscriminatorAgreesWithAnotherImplementation()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = FormulaWeights.Fill(new PatchDiscriminator(latentChannels: 4, width: 6));
        var expected = Models.GetProperty("patches");
        FormulaWeights.AssertNames(expected.GetProperty("names"), model);
        var (pictures, latents) = (Inputs(1004, 2, 3, 16, 12), Inputs(1005, 2, 4, 4, 3));
        FormulaWeights.AssertClose(expected.GetProperty("logits"), model.call(pictures, latents));
        Assert.Equal([2, 12, 4, 3], model.LogitsAndMaps(pictures, latents).Maps[^1].shape);
    }

    [Fact]
    public void OnlyTheDecoderLearns()
    {
        using var model = Untrained();
        var before = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        DecoderTraining.Run(model, Pictures, Few, cancellation: TestContext.Current.CancellationToken);
        // A key's bias adds the same to all scores of a query, which a softmax does not see: its gradient is zero, but for rounding.
        foreach (var (name, value) in model.state_dict().Where(pair => !pair.Key.EndsWith("to_k.bias", StringComparison.Ordinal)))
            Assert.Equal(!name.StartsWith("decoder", StringComparison.Ordinal) && !name.StartsWith("post_quant", StringComparison.Ordinal),
                value.equal(before[name]).all().item<bool>());
        Assert.All(model.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.False(model.training);
        foreach (var value in before.Values) value.Dispose();
    }

    [Fact]
    public void TrainingGoesOnBitForBitAndLeavesNoTensors()
    {
        using var folder = new TemporaryFolder();
        using var whole = Untrained();
        using var halves = Untrained();
        DecoderTraining.Run(whole, Pictures, Few, cancellation: TestContext.Current.CancellationToken);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var state = Path.Combine(folder.Path, "state.safetensors");
        using var stop = new CancellationTokenSource();
        DecoderTraining.Run(halves, Pictures, Few with { StateFile = state }, new Stopping(stop), stop.Token);
        var result = DecoderTraining.Run(halves, Pictures, Few with { StateFile = state, Resume = true }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(5, result.Losses.Steps.Count);
        foreach (var (name, value) in whole.state_dict())
            Assert.True(value.equal(halves.state_dict()[name]).all().item<bool>(), name);
    }

    /// <summary>Without the discriminator's say pixels come nearer; with it alone they are led elsewhere.</summary>
    [Fact]
    public void WhatItSaysReachesTheDecoderByItsWeight()
    {
        using var alone = Untrained();
        using var asked = Untrained();
        var options = Few with { Steps = 40, LatentNoise = 0, FeatureWeight = 0 };
        var first = DecoderTraining.Run(alone, Pictures, options with { AdversarialWeight = 0 }, cancellation: TestContext.Current.CancellationToken).Losses["pixels"];
        var second = DecoderTraining.Run(asked, Pictures, options with { AdversarialWeight = 100 }, cancellation: TestContext.Current.CancellationToken).Losses["pixels"];
        Assert.Equal(first[0], second[0], 1e-6); // it is not asked yet
        Assert.True(first.TakeLast(5).Average() < 0.7 * first[0], $"{first[0]} fell to {first.TakeLast(5).Average()} only");
        Assert.True(second.TakeLast(5).Average() > 1.2 * first.TakeLast(5).Average(), $"{second.TakeLast(5).Average()} against {first.TakeLast(5).Average()}");
    }

    [Fact]
    public void WhatCannotBeIsNamed()
    {
        using var model = Untrained();
        Assert.Contains("Steps is 0", Refused(Few with { Steps = 0 }));
        Assert.Contains("DiscriminatorRate is NaN", Refused(Few with { DiscriminatorRate = double.NaN }));
        Assert.Contains("AdversarialWeight is -1", Refused(Few with { AdversarialWeight = -1 }));
        Assert.Contains("StateFile is not", Refused(Few with { Resume = true }));
        using var coarse = new AutoencoderKL(new([8, 8], 1, NormGroups: 4));
        Assert.Contains("2 pixels to a latent", Assert.Throws<CourseException>(() => DecoderTraining.Run(coarse, Pictures, Few, cancellation: TestContext.Current.CancellationToken)).Message);

        string Refused(DecoderOptions options) => Assert.Throws<CourseException>(() => DecoderTraining.Run(model, Pictures, options, cancellation: TestContext.Current.CancellationToken)).Message;
    }

    private static Petals Pictures => new(Split.Train, 16, side: 16);

    private static AutoencoderKL Untrained()
    {
        manual_seed(1);
        var model = new AutoencoderKL(new([8, 8, 8], 1, NormGroups: 4));
        model.InitializeForTraining();
        return model;
    }

    private sealed class Stopping(CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => stop.Cancel();
    }
}
