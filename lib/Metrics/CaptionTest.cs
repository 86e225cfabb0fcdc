using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>Asks a generator for flowers by their captions, and a judge for what they show.</summary>
public static class CaptionTest
{
    /// <summary>The shares of what the captions of some flowers state that is seen in the pictures drawn from them.</summary>
    /// <param name="model">Draws one picture a caption.</param>
    /// <param name="judge">Reads the pictures.</param>
    /// <param name="split">Whose captions: <see cref="Split.Test"/> for kinds that training showed, <see cref="Split.HeldOut"/> for others.</param>
    /// <param name="wording">In which words.</param>
    /// <param name="count">Flowers; of each the next of its captions is taken. As many as the scale asks for when not given.</param>
    /// <param name="seed">Where the noise begins.</param>
    public static AttributeAccuracy Of(
        GanModel model, FlowerJudge judge, Split split, Wording wording = Wording.Usual, int? count = null, int seed = Seeds.Default)
    {
        var flowers = new Petals(split, count);
        FlowerCaption[] captions = [.. Enumerable.Range(0, flowers.Count).Select(i => flowers.Descriptions(i, wording)[i % Petals.CaptionsPerFlower])];
        using var pictures = model.Draw([.. captions.Select(caption => caption.Text)], seed);
        return AttributeAccuracy.Of(judge.Read(pictures), [.. captions.Select(caption => caption.Says)]);
    }
}
