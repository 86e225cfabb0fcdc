using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Metrics;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests.Gan;

/// <summary>The shipped checkpoints draw what captions say, as their provenance has it.</summary>
public sealed class GanCheckpointsTests
{
    [Theory]
    [InlineData(GanModel.Words, Split.Test, Wording.Usual)]
    [InlineData(GanModel.Words, Split.HeldOut, Wording.Usual)]
    [InlineData(GanModel.Bert, Split.Test, Wording.Usual)]
    [InlineData(GanModel.Bert, Split.HeldOut, Wording.Reworded)]
    public void Flowers_are_what_their_captions_say(string name, Split split, Wording wording)
    {
        using var scope = NewDisposeScope();
        using var judge = FlowerJudge.Pretrained();
        using var model = GanModel.Pretrained(name);
        var accuracy = CaptionTest.Of(model, judge, split, wording, count: 256);
        // A few hundredths below the figures on 1,024 captions: so few scatter.
        Assert.True(accuracy.Color!.Value > 0.9, $"color {accuracy.Color}");
        Assert.True(accuracy.Center!.Value > 0.8, $"center {accuracy.Center}");
        Assert.True(accuracy.Backdrop!.Value > 0.95, $"background {accuracy.Backdrop}");
    }

    [Theory]
    [InlineData(GanModel.Words)]
    [InlineData(GanModel.Bert)]
    public void Each_comes_with_its_provenance_and_is_small(string name)
    {
        var provenance = Checkpoints.ProvenanceOf(name);
        Assert.Equal(name, provenance.Name);
        Assert.Equal(new FileInfo(Checkpoints.PathOf(name)).Length, provenance.Bytes);
        Assert.True(provenance.Bytes < 6_000_000, $"{provenance.Bytes} bytes");
        Assert.Equal(1.0, provenance.Metrics["background, Test, usual captions, n = 696"], 0.02);
    }

    [Fact]
    public void A_vector_that_knows_synonyms_beats_a_bag_on_other_words()
    {
        using var scope = NewDisposeScope();
        using var judge = FlowerJudge.Pretrained();
        using var words = GanModel.Pretrained(GanModel.Words);
        using var bert = GanModel.Pretrained(GanModel.Bert);
        var bag = CaptionTest.Of(words, judge, Split.Test, Wording.Reworded, count: 128).Color!;
        var vectors = CaptionTest.Of(bert, judge, Split.Test, Wording.Reworded, count: 128).Color!;
        Assert.True(vectors.Low > bag.High, $"{vectors} against {bag}");
    }
}
