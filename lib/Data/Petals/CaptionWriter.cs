namespace ImageGen.Data;

/// <summary>Writes sentences about one flower, and keeps account of what each of them states.</summary>
internal sealed class CaptionWriter
{
    private static readonly string[] Numbers =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

    private readonly FlowerAttributes flower;
    private readonly FlowerWords words;
    private readonly SplitMix64 random;
    private FlowerFacts said = new();

    private CaptionWriter(FlowerAttributes flower, Wording wording, SplitMix64 random) =>
        (this.flower, words, this.random) = (flower, FlowerWords.Of(wording), random);

    /// <summary>Captions of which no two have the same words.</summary>
    public static IReadOnlyList<FlowerCaption> Write(FlowerAttributes flower, Wording wording, int count, SplitMix64 random)
    {
        var captions = new List<FlowerCaption>(count);
        while (captions.Count < count)
        {
            var writer = new CaptionWriter(flower, wording, random);
            var text = Tidy(wording == Wording.Usual ? writer.Usual() : writer.Reworded());
            if (captions.All(caption => caption.Text != text)) captions.Add(new FlowerCaption(text, writer.said));
        }
        return captions;
    }

    private string Usual() => random.Next(8) switch
    {
        0 => $"a {Maybe(Size)} {Color()} {Noun()} with {Maybe(Count)} {Shape()} petals and a {Center()} {Middle()} {Maybe(Backdrop)}",
        1 => $"{Count()} {Maybe(Shape)} {Color()} petals around a {Center()} {Middle()}, {Backdrop()}",
        2 => $"a {Likeness()} {Noun()} with {Count()} {Maybe(Shape)} {Color()} petals around a {Center()} {Middle()}, {Backdrop()}",
        3 => $"this {Noun()} has {Color()} petals that are {Shape()}, and a {Center()} {Middle()}",
        4 => $"a {Color()} {Noun()} {Pose()} {Backdrop()}, {Light()}",
        5 => $"a {Maybe(Size)} {Color()} {Likeness()} {Noun()} {Maybe(Green)}, {Backdrop()}",
        6 => $"a {Noun()} {Pose()}: its petals are {Color()} and {Shape()}, its {Middle()} is {Center()}",
        _ => $"{Backdrop()}, a {Maybe(Size)} {Noun()} {Green()}, {Color()} with a {Center()} {Middle()}",
    };

    private string Reworded() => random.Next(6) switch
    {
        0 => $"{Backdrop()} stands a {Maybe(Size)} {Noun()} whose {Shape()} petals are {Color()} and whose {Middle()} is {Center()}",
        1 => $"petals of a {Color()} shade, {Shape()}, ring a {Center()} {Middle()} {Backdrop()}",
        2 => $"one {Likeness()} {Noun()}, {Color()} all over but for a {Center()} {Middle()}, {Maybe(Pose)} {Backdrop()}",
        3 => $"around a {Center()} {Middle()} the {Noun()} spreads {Maybe(Count)} {Color()} petals, {Maybe(Light)}, {Backdrop()}",
        4 => $"{Size()} and {Color()}, the {Likeness()} {Noun()} waits {Maybe(Green)} {Backdrop()}",
        _ => $"the {Noun()}, {Pose()}, shows {Maybe(Count)} {Shape()} petals of a {Color()} tone and a {Center()} {Middle()}",
    };

    private string Maybe(Func<string> part) => random.Chance(0.5f) ? part() : "";

    private string Noun() => random.Pick<string>(words.Flowers);

    private string Middle() => random.Pick<string>(words.CenterNouns);

    private string Color()
    {
        said = said with { Color = flower.Color };
        return random.Pick<string>(words.Colors[(int)flower.Color]);
    }

    private string Shape()
    {
        said = said with { Shape = flower.Shape };
        return random.Pick<string>(words.Shapes[(int)flower.Shape]);
    }

    private string Likeness()
    {
        said = said with { Shape = flower.Shape };
        return random.Pick<string>(words.Likenesses[(int)flower.Shape]);
    }

    private string Center()
    {
        said = said with { Center = flower.Center };
        return random.Pick<string>(words.Centers[(int)flower.Center]);
    }

    private string Backdrop()
    {
        said = said with { Backdrop = flower.Backdrop };
        return random.Pick<string>(words.Backdrops[(int)flower.Backdrop]);
    }

    private string Light()
    {
        said = said with { Light = flower.Light };
        return random.Pick<string>(words.Lights[(int)flower.Light]);
    }

    private string Size()
    {
        said = said with { Size = flower.Size };
        return random.Pick<string>(words.Sizes[(int)flower.Size]);
    }

    private string Pose()
    {
        said = said with { Pose = flower.Pose };
        return random.Pick<string>(words.Poses[(int)flower.Pose]);
    }

    private string Green()
    {
        said = said with { Foliage = flower.Foliage };
        return random.Pick<string>(words.Greens[(int)flower.Foliage]);
    }

    // Nobody counts the petals of a dahlia: beyond a dozen there are many, and sometimes from ten on.
    private string Count()
    {
        if (flower.PetalCount > 12 || (flower.PetalCount >= 10 && random.Chance(0.5f)))
        {
            said = said with { ManyPetals = true };
            return random.Pick<string>(words.Many);
        }
        said = said with { PetalCount = flower.PetalCount };
        return flower.PetalCount == 12 && random.Chance(0.5f) ? "a dozen" : Numbers[flower.PetalCount];
    }

    /// <summary>What an omitted part leaves behind is closed up, and "a" becomes "an" before a vowel.</summary>
    private static string Tidy(string text)
    {
        var tidy = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i + 1 < tidy.Length; i++)
            if (tidy[i] == "a" && "aeiou".Contains(tidy[i + 1][0])) tidy[i] = "an";
        return string.Join(' ', tidy).Replace(" ,", ",").Replace(",,", ",");
    }
}
