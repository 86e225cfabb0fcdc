using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Training on captions of the same picture: what it teaches, what it keeps, what it refuses.</summary>
public sealed class CaptionPairTests
{
    private static readonly BertConfig Tiny = new(VocabularySize: 120, Width: 32, Layers: 2, Heads: 4, FeedForward: 128, Positions: 32);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Six pictures that differ in color and ground; each is described once in one set of words and once in another.
    private static readonly (string Usual, string Other)[] Colors = [("red", "ruby"), ("blue", "cobalt"), ("white", "ivory")];
    private static readonly (string Usual, string Other)[] Grounds = [("sand", "dunes"), ("grass", "lawn")];

    private static readonly IReadOnlyList<IReadOnlyList<string>> Pictures =
        [.. from color in Colors from ground in Grounds
            select (IReadOnlyList<string>)[$"a {color.Usual} flower on {ground.Usual}", $"one bloom upon {ground.Other}, {color.Other} all over"]];

    private static BertText Untrained() => BertText.Untrained(Pictures.Concat(Pictures).SelectMany(captions => captions), Tiny);

    private static CaptionPairOptions Quick => new() { Steps = 120, BatchSize = 6, LearningRate = 4e-3 };

    [Fact]
    public void Words_that_mean_the_same_come_together()
    {
        using var scope = NewDisposeScope();
        using var text = Untrained();
        Assert.NotEqual(6, Found(text));
        var result = new CaptionPairTraining(text, Pictures, Quick).Run(cancellation: Token);
        Assert.Equal(120, result.Losses.Steps.Count);
        Assert.Equal(CaptionPairTraining.LossNames, result.Losses.Names);
        Assert.InRange(result.Losses["pairs"][0], 1.2, 2.5); // ln 6 = 1.79: six captions, and no idea
        Assert.False(text.Model.training);
        Assert.Equal(6, Found(text));
    }

    // For how many pictures the usual caption's nearest among the others is its own.
    private static int Found(BertText text)
    {
        using var scope = NewDisposeScope();
        var (usual, other) = (text.Embed([.. Pictures.Select(captions => captions[0])]), text.Embed([.. Pictures.Select(captions => captions[1])]));
        var nearest = nn.functional.normalize(usual).matmul(nn.functional.normalize(other).T).argmax(1).data<long>().ToArray();
        return nearest.Where((found, i) => found == i).Count();
    }

    [Fact]
    public void An_interrupted_training_goes_on_to_the_same_model()
    {
        using var folder = new TemporaryFolder();
        var options = Quick with { Steps = 6 };
        var whole = Train(options, null, false);
        using (var stop = new CancellationTokenSource()) Train(options, folder["state"], false, stop);
        Assert.Equal(whole, Train(options, folder["state"], true));
        Assert.NotEqual(whole, Train(options with { Seed = 8 }, null, false));
    }

    // With a source to cancel, it stops after its first step.
    private static float[] Train(CaptionPairOptions options, string? state, bool resume, CancellationTokenSource? stop = null)
    {
        using var scope = NewDisposeScope();
        using var text = Untrained();
        var training = new CaptionPairTraining(text, Pictures, options);
        var result = training.Run(stop is null ? null : new StopAt(1, stop), stop?.Token ?? TestContext.Current.CancellationToken, state, resume);
        Assert.Equal((stop is not null, stop is null ? options.Steps : 1), (result.Cancelled, training.StepsDone));
        return text.Embed(["a red flower"]).data<float>().ToArray();
    }

    [Fact]
    public void Training_leaves_no_tensor()
    {
        using var outer = NewDisposeScope();
        using var text = Untrained();
        var training = new CaptionPairTraining(text, Pictures, Quick with { Steps = 2 });
        training.Run(cancellation: Token);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        new CaptionPairTraining(text, Pictures, Quick with { Steps = 5 }).Run(cancellation: Token);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void What_cannot_be_trained_is_named()
    {
        using var scope = NewDisposeScope();
        using var text = Untrained();
        string Message(CaptionPairOptions options, IReadOnlyList<IReadOnlyList<string>>? captions = null) =>
            Assert.Throws<CourseException>(() => new CaptionPairTraining(text, captions ?? Pictures, options)).Message;
        Assert.Equal("Steps is 0: it must be at least 1.", Message(Quick with { Steps = 0 }));
        Assert.Equal("BatchSize is 1: it must be at least 2.", Message(Quick with { BatchSize = 1 }));
        Assert.Equal("Temperature is 0: it must be above 0.", Message(Quick with { Temperature = 0 }));
        Assert.Equal("PairWeight is NaN: it must be 0 or more.", Message(Quick with { PairWeight = double.NaN }));
        Assert.Equal("LearningRate is 1: it must be above 0 and below 1.", Message(Quick with { LearningRate = 1 }));
        Assert.Equal("There are 6 pictures, fewer than one batch of 7: add pictures, or set BatchSize to 6 or less.", Message(Quick with { BatchSize = 7 }));
        Assert.Equal("Picture 1 has 1 caption: pairs need two.", Message(Quick with { BatchSize = 2 }, [["a", "b"], ["c"]]));
        Assert.Throws<CourseException>(() => new CaptionPairTraining(text, Pictures, Quick).Run(null, Token, "none", resume: true));
    }

    [Fact]
    public void Captions_without_a_word_do_not_stop_it()
    {
        using var scope = NewDisposeScope();
        using var text = Untrained();
        IReadOnlyList<IReadOnlyList<string>> odd = [["", "a red flower"], ["🌸", "hoa hồng đỏ"], [new string('x', 10_000), "  "]];
        var result = new CaptionPairTraining(text, odd, Quick with { Steps = 4, BatchSize = 3 }).Run(cancellation: Token);
        Assert.All(result.Losses.Steps, step => Assert.All(step, value => Assert.True(double.IsFinite(value))));
    }

    [Fact]
    public void One_file_carries_weights_configuration_and_vocabulary()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var text = Untrained();
        SafeTensors.Save(folder["a.safetensors"], text.Model, metadata: text.Notes());
        using (var file = WeightFile.Open(folder["a.safetensors"]))
        {
            using var again = BertText.Open(file);
            Assert.Equal(text.Tokenizer.Vocabulary.Tokens, again.Tokenizer.Vocabulary.Tokens);
            Assert.Equal(text.Model.Encoder.Config, again.Model.Encoder.Config);
            Assert.True(text.Embed(["a red flower"]).equal(again.Embed(["a red flower"])).all().item<bool>());
        }
        SafeTensors.Save(folder["bare.safetensors"], text.Model);
        using var bare = WeightFile.Open(folder["bare.safetensors"]);
        Assert.Contains("carries no config.json", Assert.Throws<CourseException>(() => BertText.Open(bare)).Message);
        SafeTensors.Save(folder["other.safetensors"], text.Model, metadata: new Dictionary<string, string>(text.Notes()) { ["vocab.txt"] = "[PAD]\n" });
        using var other = WeightFile.Open(folder["other.safetensors"]);
        Assert.Contains("has no [UNK]", Assert.Throws<CourseException>(() => BertText.Open(other)).Message);
        SafeTensors.Save(folder["wide.safetensors"], new MaskedLanguageModel(text.Model.Encoder.Config with { Width = 64 }), metadata: text.Notes());
        using var wide = WeightFile.Open(folder["wide.safetensors"]);
        Assert.Contains("64", Assert.Throws<CourseException>(() => BertText.Open(wide)).Message); // which layer, which shapes
    }

    private sealed class StopAt(int step, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step >= step) stop.Cancel();
        }
    }
}
