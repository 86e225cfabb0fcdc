using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Text;

namespace ImageGen.Course.Recipes;

/// <summary>
/// The full scale of lesson 05: the DCGAN at the published table's width, on photographs. Nothing of it is shipped: the
/// photographs may be used for research only, and must be fetched.
/// </summary>
/// <param name="open">Opens the photographs; those of the cache of downloads when null.</param>
internal sealed class FlowersDcgan(Func<ICaptionedPictures>? open = null) : DcganRecipe
{
    public override string Name => "dcgan-flowers102";

    public override string About =>
        "A text-conditioned DCGAN of full width that draws flowers from bags of words, trained on photographs.";

    public override string Data =>
        "Flowers-102: 62 kinds of flowers, with ten captions each where they are there, else with their names";

    public override int Steps => 20_000;

    protected override ICaptionedPictures Pictures() => open?.Invoke() ?? Flowers102.Open(Split.Train);

    // People write more words than Petals does: those and those pairs that come often, as many as a generator can take.
    protected override ICaptionEncoder Encoder(ICaptionedPictures data) => new BagOfWords(
        [.. BagOfWords.Learn(Enumerable.Range(0, data.Count).SelectMany(data.Captions), leastCount: 30).Terms.Take(8192)]);

    protected override GanConfig Config(int textWidth) =>
        GanConfig.Small(textWidth) with { GeneratorWidth = 64, DiscriminatorWidth = 64 };

    protected override IReadOnlyList<string> Watched { get; } =
    [
        "this flower has large pink petals and a yellow center", "a white flower with many thin petals and yellow "
            + "stamen",
        "the petals of this flower are purple and pointed", "this flower is orange with dark spots on its petals",
        "a red flower with rounded overlapping petals", "this flower has blue petals and a white pistil",
        "a yellow flower with layered ruffled petals", "a photograph of a rose",
    ];

    // The judge knows drawn flowers only.
    protected override Dictionary<string, double> Measure(GanTrainer trainer, ICaptionEncoder encoder) => [];
}
