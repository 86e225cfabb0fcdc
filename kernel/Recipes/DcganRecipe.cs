using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Text;

namespace ImageGen.Kernel.Recipes;

/// <summary>The text-conditioned DCGAN on Petals, with one text encoder or another.</summary>
internal abstract class DcganRecipe : Recipe
{
    /// <summary>What the training's pictures along the way show.</summary>
    private static readonly string[] Watched =
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

    public override string Data => "8,192 flowers of Petals";

    public override int Steps => 4000;

    /// <inheritdoc/>
    public override RecipeResult Train(RecipeRun run)
    {
        var data = new Petals(Split.Train, 8192);
        var encoder = Encoder(data);
        var config = GanConfig.Small(encoder.Width);
        using var trainer = new GanTrainer(config, data, encoder, GanOptions.Petals with { Steps = run.Steps, Seed = run.Seed });
        if (run.Resume) trainer.Resume(run.StateFile);
        trainer.Run(run.Progress, new CaptionGrid(Watched, encoder), run.StateFile, run.Cancellation);
        var (tensors, notes) = GanModel.Pack(trainer, encoder);
        return new(tensors, notes, new Dictionary<string, double>(), trainer.StepsDone, trainer.Elapsed);
    }

    /// <summary>What turns captions into vectors.</summary>
    protected abstract ICaptionEncoder Encoder(Petals data);
}

/// <summary>The DCGAN that reads bags of words.</summary>
internal sealed class DcganWords : DcganRecipe
{
    public override string Name => "dcgan-words";

    public override string About => "A text-conditioned DCGAN that draws flowers from bags of words.";

    protected override ICaptionEncoder Encoder(Petals data) =>
        BagOfWords.Learn(Enumerable.Range(0, 4096).SelectMany(data.Captions), leastCount: 20);
}
