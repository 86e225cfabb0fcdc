using ImageGen.Data;
using ImageGen.Text;
using ImageGen.Training;

namespace ImageGen.Course.Recipes;

/// <summary>
/// MiniBERT: it reads the captions of the training flowers, in the usual words and in others, and no label.
/// </summary>
internal sealed class MiniBertRecipe : Recipe
{
    private const int Flowers = 8192, VocabularySize = 1000;

    public override string Name => BertText.MiniName;

    public override string About => "A BERT of four layers, 128 wide, that reads captions of flowers.";

    public override string Data => $"the captions of {Flowers} flowers of Petals' training split, five in each wording";

    public override int Steps => 1200;

    public override RecipeResult Train(RecipeRun run)
    {
        var flowers = new Petals(Split.Train, Flowers);
        var captions = Enumerable.Range(0, Flowers).Select(i => Both(flowers, i)).ToList();
        // Every word stands in a thousand flowers' captions; counting all 82,000 would only take longer.
        using var text = BertText.Untrained(
            captions.Take(1000).SelectMany(caption => caption), BertConfig.Mini(VocabularySize), run.Seed);
        var training = new CaptionPairTraining(text, captions, new() { Steps = run.Steps, Seed = run.Seed });
        var result = training.Run(run.Progress, run.Cancellation, run.StateFile, run.Resume);
        var weights = Weights(text.Model.state_dict());
        return new(
            weights, text.Notes(), result.Cancelled ? new Dictionary<string, double>() : Measure(text),
            training.StepsDone, result.Elapsed);
    }

    public override IReadOnlyDictionary<string, double> Grade()
    {
        using var text = BertText.Mini();
        return Measure(text);
    }

    private static IReadOnlyList<string> Both(Petals flowers, int index) =>
        [.. flowers.Captions(index), .. flowers.Descriptions(index, Wording.Reworded).Select(caption => caption.Text)];

    private static Dictionary<string, double> Measure(BertText text)
    {
        // What is asked of the vectors: attributes, by a probe that has seen the usual words only.
        var (train, test) = (new Petals(Split.Train, 1000), new Petals(Split.Test, 500));
        var captions = Enumerable.Range(0, test.Count).SelectMany(i => Both(test, i)).ToList();
        var metrics = new Dictionary<string, double> { ["hidden words right"] = MaskedLanguageTraining.Accuracy(text, captions).Right };
        foreach (var (name, says, count) in new (string, Func<FlowerFacts, int?>, int)[]
                 {
                     ("color", facts => (int?)facts.Color, 10), ("shape", facts => (int?)facts.Shape, 5),
                     ("center", facts => (int?)facts.Center, 6), ("backdrop", facts => (int?)facts.Backdrop, 8),
                 })
        {
            var (texts, labels) = Stating(train, Wording.Usual, says);
            using var vectors = text.Embed(texts);
            using var probe = LinearProbe.Fit(vectors, labels, count);
            foreach (var wording in Enum.GetValues<Wording>())
            {
                var (asked, answers) = Stating(test, wording, says);
                using var read = text.Embed(asked);
                metrics[$"{name} read from {wording.ToString().ToLowerInvariant()} captions"] =
                    probe.Right(read, answers).Average(right => right ? 1 : 0);
            }
        }
        return metrics;
    }

    private static (List<string> Texts, List<int> Labels) Stating(
        Petals flowers, Wording wording, Func<FlowerFacts, int?> says)
    {
        var stating = Enumerable.Range(0, flowers.Count).SelectMany(i => flowers.Descriptions(i, wording)).Where(
            caption => says(caption.Says) is not null).ToList();
        return (
            [.. stating.Select(caption => caption.Text)], [.. stating.Select(caption => says(caption.Says)!.Value)]);
    }
}
