using ImageGen.Data;
using ImageGen.Metrics;
using static TorchSharp.torch;

namespace ImageGen.Course.Recipes;

/// <summary>MiniCLIP: the stand-in for CLIP and Inception wherever flowers are measured offline.</summary>
internal sealed class MiniClipRecipe : Recipe
{
    public override string Name => "miniclip";

    public override string About =>
        "A small CLIP of drawn flowers and their captions: a proxy, never to be compared with published figures.";

    public override string Data => "Petals in all combinations, with captions in both wordings";

    public override int Steps => 2500;

    public override RecipeResult Train(RecipeRun run)
    {
        var model = new MiniClip(MiniClipTraining.LearnVocabulary(run.Seed));
        using var training = new MiniClipTraining(model, new() { Steps = run.Steps, Seed = run.Seed });
        if (run.Resume) training.State.Load(run.StateFile);
        training.Run(run.Progress, run.StateFile, run.Cancellation);
        return new(
            Weights(model.state_dict()), model.Notes, Measure(model), training.State.Step, training.State.Elapsed);
    }

    public override IReadOnlyDictionary<string, double> Grade()
    {
        using var model = MiniClip.Pretrained();
        return Measure(model);
    }

    private static Dictionary<string, double> Measure(MiniClip model)
    {
        model.eval();
        var metrics = new Dictionary<string, double>();
        foreach (var split in new[] { Split.Test, Split.HeldOut })
            foreach (var wording in new[] { Wording.Usual, Wording.Reworded })
            {
                using var scope = NewDisposeScope();
                var petals = new Petals(split, 1000);
                var captions = Enumerable.Range(0, petals.Count).Select(i => petals.Descriptions(i, wording)[0])
                    .ToArray();
                metrics[$"R-precision of 100, {split}, {wording} words"] =
                    RPrecision.Of(model, PictureTensors.Of(petals, petals.Count),
                    [.. captions.Select(caption => caption.Text)], alsoFits: (caption, picture) =>
                        captions[caption].Fits(petals.Attributes(picture))).Value;
            }
        metrics["scale of cosines"] = model.LogitScale;
        return metrics;
    }
}
