using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Metrics;
using ImageGen.Text;
using ImageGen.Weights;

namespace ImageGen.Course.Recipes;

/// <summary>The text-conditioned DCGAN on Petals, with one text encoder or another.</summary>
internal abstract class DcganRecipe : Recipe
{
    private static readonly string[] OfPetals =
    [
        "a large pink daisy-like flower with many long petals and a yellow heart in a green meadow",
        "seven pointed red petals around a black center, before gray fog",
        "six round white petals around a golden heart, against a blue sky",
        "a small purple star-shaped flower with green leaves, on pale sand",
        "this flower has yellow petals that are layered, and a brown heart",
        "a flower facing us: its petals are blue and long, its center is white",
        "five ruffled bright orange petals around a green center, at dusk",
        "by night, a large flower on a bare stem, lavender with an orange center",
    ];

    public override string Data =>
        "8,192 flowers of Petals' training split, with five captions each in the usual words";

    /// <inheritdoc/>
    public override RecipeResult Train(RecipeRun run)
    {
        var data = Pictures();
        var encoder = Encoder(data);
        using var start = Start();
        var options = GanOptions.Petals with { Steps = run.Steps, Seed = run.Seed };
        using var trainer = new GanTrainer(Config(encoder.Width), data, encoder, Options(options), start);
        if (run.Resume) trainer.Resume(run.StateFile);
        var loop = trainer.Run(run.Progress, new CaptionGrid(Watched, encoder), run.StateFile, run.Cancellation);
        var (tensors, notes) = GanModel.Pack(trainer, encoder);
        return new(
            tensors, notes, loop.Cancelled ? new Dictionary<string, double>() : Measure(trainer, encoder),
            trainer.StepsDone, trainer.Elapsed);
    }

    /// <summary>What to learn from.</summary>
    protected virtual ICaptionedPictures Pictures() => new Petals(Split.Train, 8192);

    /// <summary>What turns captions into vectors.</summary>
    protected abstract ICaptionEncoder Encoder(ICaptionedPictures data);

    /// <summary>The networks' configuration.</summary>
    protected virtual GanConfig Config(int textWidth) => GanConfig.Small(textWidth);

    /// <summary>What the pictures along the way show.</summary>
    protected virtual IReadOnlyList<string> Watched => OfPetals;

    /// <summary>The checkpoint to begin with, if any.</summary>
    protected virtual WeightFile? Start() => null;

    /// <summary>The course's options, changed where this recipe differs.</summary>
    protected virtual GanOptions Options(GanOptions usual) => usual;

    // What is shown of what the captions say, on captions of flowers like those of training, and of combinations kept
    // from it.
    protected virtual Dictionary<string, double> Measure(GanTrainer trainer, ICaptionEncoder encoder)
    {
        using var averaged = trainer.Average.InPlace();
        return Measure(new GanModel(trainer.Generator, encoder)); // the trainer frees the generator
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Grade()
    {
        using var model = GanModel.Pretrained(Name);
        return Measure(model);
    }

    private static Dictionary<string, double> Measure(GanModel model)
    {
        using var judge = FlowerJudge.Pretrained();
        var metrics = new Dictionary<string, double>();
        foreach (var (split, wording) in new[] { (Split.Test, Wording.Usual), (Split.HeldOut, Wording.Usual), (Split.Test, Wording.Reworded), (Split.HeldOut, Wording.Reworded) })
        {
            var accuracy = CaptionTest.Of(model, judge, split, wording);
            foreach (var (name, share) in new[] { ("color", accuracy.Color), ("center", accuracy.Center), ("background", accuracy.Backdrop), ("shape", accuracy.Shape), ("all but shape", accuracy.All) })
                metrics[$"{name}, {split}, {wording.ToString().ToLowerInvariant()} captions, n = {share!.Samples}"] =
                    share.Value;
        }
        return metrics;
    }
}

/// <summary>The DCGAN that reads bags of words.</summary>
internal sealed class DcganWords : DcganRecipe
{
    public override string Name => GanModel.Words;

    public override string About => "A text-conditioned DCGAN that draws flowers from bags of words.";

    public override int Steps => 14_000;

    protected override ICaptionEncoder Encoder(ICaptionedPictures data) =>
        BagOfWords.Learn(Enumerable.Range(0, 4096).SelectMany(data.Captions), leastCount: 20);
}

/// <summary>The DCGAN that reads MiniBERT's sentence vectors.</summary>
internal sealed class DcganBert : DcganRecipe
{
    public override string Name => GanModel.Bert;

    public override string About =>
        $"The DCGAN of {GanModel.Words}, taught to read MiniBERT's sentence vectors: its text layers begin anew, all "
            + $"others where {GanModel.Words} ended.";

    public override int Steps => 11_500;

    protected override ICaptionEncoder Encoder(ICaptionedPictures data) => new RememberedVectors(BertText.Mini());

    protected override WeightFile Start() => Checkpoints.Open(GanModel.Words);

    protected override GanOptions Options(GanOptions usual) => usual with { L1Weight = 0 };
}
