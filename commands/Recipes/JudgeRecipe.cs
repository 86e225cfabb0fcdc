using ImageGen.Data;
using ImageGen.Metrics;
using static TorchSharp.torch;

namespace ImageGen.Course.Recipes;

/// <summary>The judge of flowers: what sees in generated pictures the attributes that their captions name.</summary>
internal sealed class JudgeRecipe : Recipe
{
    public override string Name => "judge";

    public override string About =>
        "A small classifier of Petals' attributes, which judges what generated flowers show.";

    public override string Data => "Petals in all combinations, with noise, blur and shifts";

    public override int Steps => 3000;

    public override RecipeResult Train(RecipeRun run)
    {
        var judge = new FlowerJudge();
        using var training = new JudgeTraining(judge, new() { Steps = run.Steps, Seed = run.Seed });
        if (run.Resume) training.State.Load(run.StateFile);
        training.Run(run.Progress, run.StateFile, run.Cancellation);
        return new(Weights(judge.state_dict()), null, Measure(judge), training.State.Step, training.State.Elapsed);
    }

    public override IReadOnlyDictionary<string, double> Grade()
    {
        using var judge = FlowerJudge.Pretrained();
        return Measure(judge);
    }

    private static Dictionary<string, double> Measure(FlowerJudge judge)
    {
        judge.eval();
        var metrics = new Dictionary<string, double>();
        foreach (var split in new[] { Split.Test, Split.HeldOut })
        {
            using var scope = NewDisposeScope();
            var petals = new Petals(split, 1024);
            var pictures = PictureTensors.Of(petals, petals.Count);
            FlowerAttributes[] truth = [.. Enumerable.Range(0, petals.Count).Select(petals.Attributes)];
            Add("", pictures);
            Add(", noise 0.15", PictureDamage.Noise(pictures, 0.15));
            Add(", blur 1", PictureDamage.Blur(pictures, 1));

            void Add(string harm, Tensor harmed)
            {
                var right = AttributeAccuracy.Of(judge.Read(harmed), truth);
                foreach (var (what, share) in new[] { ("color", right.Color), ("center", right.Center), ("background", right.Backdrop), ("shape", right.Shape) })
                    metrics[$"{what}, {split}{harm}"] = share!.Value;
            }
        }
        return metrics;
    }
}
