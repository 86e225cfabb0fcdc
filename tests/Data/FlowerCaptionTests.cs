using System.Text.RegularExpressions;
using ImageGen.Data;

namespace ImageGen.Tests.Data;

/// <summary>Reads captions back with a dictionary of its own, and holds them against the drawn flower.</summary>
public sealed class FlowerCaptionTests
{
    // Written from the meaning of the words, not from the writer's tables; the order of each row is that of the enum.
    private static readonly string[] Colors =
    [
        "white|snow-white|milky|ivory", "yellow|lemon-yellow|buttery|canary", "orange|bright orange|tangerine|apricot", "red|scarlet|vermilion|ruby",
        "burgundy|maroon|oxblood|wine-dark", "pink|soft pink|rosy|blush", "magenta|hot magenta|fuchsia|cerise", "purple|deep purple|plum|amethyst",
        "lavender|pale lavender|lilac|mauve", "blue|bright blue|cobalt|sapphire",
    ];

    private static readonly string[] Shapes =
    [
        "round|rounded|buttercup-like|softly curved|broad|primrose-like", "pointed|sharp|star-shaped|tapering|spiky|lily-like",
        "ruffled|wavy|poppy-like|frilly|crinkled|hibiscus-like", "long|slender|daisy-like|narrow|ribbon-like|aster-like",
        "layered|overlapping|dahlia-like|tiered|crowded|camellia-like",
    ];

    private static readonly string[] Centers =
    [
        "yellow|golden|honey-colored|sunny", "orange|amber|saffron|coppery", "brown|chestnut|cocoa|tawny",
        "green|lime-green|mossy|leaf-colored", "white|creamy|chalky|frosty", "black|coal-black|inky|jet",
    ];

    private static readonly string[] Backdrops =
    [
        "against a blue sky|before the open sky|under clear skies|with only air behind it", "in a green meadow|amid the grass|on a lawn|with fresh turf around it",
        "on dark soil|above brown earth|over bare ground|on freshly dug loam", "by night|in the dark of night|after nightfall|at midnight",
        "on pale sand|above a sandy beach|among the dunes|on a dry shore", "in gray mist|before gray fog|on a foggy day|in a silvery haze",
        "at dusk|in the violet twilight|as daylight fades|in the gloaming", "over teal water|beside still water|by a quiet pond|above a calm lake",
    ];

    private static readonly string[] Lights =
    [
        "in soft light|evenly lit|beneath an overcast day|with hardly a shadow", "lit from the left|with the sun on its left",
        "lit from the right|with the sun on its right", "in warm low light|in golden light|glowing in late sunshine|warmed by a sinking sun",
    ];

    private static readonly string[] Sizes = ["small|little|tiny|dainty", "medium-sized|average-sized", "large|big|huge|grand"];

    private static readonly string[] Poses =
    [
        "facing us|looking straight at us|seen from the front|gazing at the viewer", "turned to the left|looking left|facing leftward|glancing left",
        "turned to the right|looking right|facing rightward|glancing right", "looking up|facing upward|lifting its face|tilted skyward",
        "nodding|bowing its head|hanging its head|bent downward",
    ];

    private static readonly string[] Greens =
    [
        "without a stem|with no stem in view|cut off below the petals|showing nothing but its head",
        "on a bare stem|on a leafless stalk|upon a plain stalk|atop a naked shoot", "with green leaves|on a leafy stem|among its foliage|with leaves below",
    ];

    private static readonly string[] Numbers =
        ["", "", "", "", "four", "five", "six", "seven", "eight", "", "ten", "", "twelve|a dozen"];

    [Theory]
    [InlineData(Wording.Usual)]
    [InlineData(Wording.Reworded)]
    public void Captions_read_back_say_what_is_drawn_and_what_they_claim_to_say(Wording wording)
    {
        foreach (var split in Enum.GetValues<Split>())
        {
            var petals = new Petals(split, 150);
            for (var i = 0; i < petals.Count; i++)
            {
                var flower = petals.Attributes(i);
                foreach (var caption in petals.Descriptions(i, wording))
                {
                    var read = Read(caption.Text);
                    Assert.True(read.AreTrueOf(flower), $"'{caption.Text}' is not true of {flower}");
                    Assert.Equal((caption.Text, read), (caption.Text, caption.Says));
                }
            }
        }
    }

    [Fact]
    public void Captions_are_plain_sentences()
    {
        var petals = new Petals(Split.Train, 300);
        for (var i = 0; i < petals.Count; i++)
            foreach (var text in petals.Captions(i).Concat(petals.Descriptions(i, Wording.Reworded).Select(caption => caption.Text)))
            {
                Assert.Matches(@"^[a-z][a-z-]*([,:]? [a-z][a-z-]*)+$", text);
                Assert.DoesNotMatch(@"\ba [aeiou]|\ban [^aeiou]", text);
            }
    }

    [Fact]
    public void A_flowers_captions_differ_and_the_set_uses_much_varied_english()
    {
        var petals = new Petals(Split.Train, 1000);
        var texts = new HashSet<string>();
        for (var i = 0; i < petals.Count; i++)
        {
            var captions = petals.Captions(i);
            Assert.Equal(Petals.CaptionsPerFlower, captions.Distinct().Count());
            texts.UnionWith(captions);
        }
        Assert.InRange(texts.Count, 4000, 5000);
    }

    [Fact]
    public void The_two_wordings_share_no_word_for_an_attribute()
    {
        static IEnumerable<string> Naming(Wording wording)
        {
            var petals = new Petals(Split.Train, 300);
            return Enumerable.Range(0, petals.Count).SelectMany(i => petals.Descriptions(i, wording)).SelectMany(caption => Words(caption.Text)).Distinct();
        }
        // The petals' "amber" is not the center's: compare within one attribute, which Words marks.
        Assert.Empty(Naming(Wording.Usual).Intersect(Naming(Wording.Reworded)));
    }

    [Fact]
    public void A_caption_fits_other_flowers_of_which_it_is_true_and_no_others()
    {
        var flower = new FlowerAttributes(PetalColor.Red, PetalShape.Long, 12, CenterColor.Green, Backdrop.Mist,
            FlowerLight.Soft, FlowerSize.Large, FlowerPose.Facing, Foliage.None);
        var caption = new FlowerCaption("a red flower in gray mist", new FlowerFacts { Color = PetalColor.Red, Backdrop = Backdrop.Mist });
        Assert.True(caption.Fits(flower with { Center = CenterColor.White, Pose = FlowerPose.Up }));
        Assert.False(caption.Fits(flower with { Color = PetalColor.Pink }));
        Assert.False(caption.Fits(flower with { Backdrop = Backdrop.Sky }));
        Assert.False(new FlowerCaption("many petals", new FlowerFacts { ManyPetals = true }).Fits(flower with { Shape = PetalShape.Round, PetalCount = 8 }));
    }

    private static FlowerFacts Read(string text)
    {
        var rest = text;
        var backdrop = Find<Backdrop>(Backdrops, ref rest);
        var light = Find<FlowerLight>(Lights, ref rest);
        var pose = Find<FlowerPose>(Poses, ref rest);
        var green = Find<Foliage>(Greens, ref rest);
        var center = Center(ref rest);
        var number = Array.FindIndex(Numbers, words => words != "" && Has(words, rest));
        return new FlowerFacts
        {
            Backdrop = backdrop, Light = light, Pose = pose, Foliage = green, Center = center,
            Size = Find<FlowerSize>(Sizes, ref rest), Shape = Find<PetalShape>(Shapes, ref rest), Color = Find<PetalColor>(Colors, ref rest),
            PetalCount = number < 0 ? null : number, ManyPetals = Has("many|lots of|numerous|plenty of", rest),
        };
    }

    /// <summary>The center's color stands before or after its noun.</summary>
    private static CenterColor? Center(ref string text)
    {
        const string Nouns = "heart|center|eye|middle";
        for (var value = 0; value < Centers.Length; value++)
            foreach (var pattern in new[] { $"(?<![\\w-])({Centers[value]}) ({Nouns})\\b", $"({Nouns}) is ({Centers[value]})(?![\\w-])" })
                if (Regex.IsMatch(text, pattern))
                {
                    text = Regex.Replace(text, pattern, "·");
                    return (CenterColor)value;
                }
        return null;
    }

    private static T? Find<T>(string[] table, ref string text) where T : struct, Enum
    {
        var at = text;
        var found = Enumerable.Range(0, table.Length).Where(value => Has(table[value], at)).ToList();
        Assert.True(found.Count <= 1, $"'{text}' says two things of one");
        if (found.Count == 0) return null;
        text = Regex.Replace(text, Pattern(table[found[0]]), "·");
        return (T)(object)found[0];
    }

    private static IEnumerable<string> Words(string text)
    {
        var rest = text;
        foreach (var (name, table) in new[] { ("backdrop", Backdrops), ("light", Lights), ("pose", Poses), ("green", Greens) })
            foreach (var word in Take(table, name, ref rest)) yield return word;
        foreach (Match match in Regex.Matches(rest, $"({string.Join('|', Centers)}) (heart|center|eye|middle)")) yield return "center " + match.Groups[1].Value;
        rest = Regex.Replace(rest, $"({string.Join('|', Centers)}) (heart|center|eye|middle)|(heart|center|eye|middle) is [a-z-]+", "·");
        foreach (var (name, table) in new[] { ("size", Sizes), ("shape", Shapes), ("color", Colors) })
            foreach (var word in Take(table, name, ref rest)) yield return word;
    }

    private static List<string> Take(string[] table, string name, ref string rest)
    {
        var found = Regex.Matches(rest, Pattern(string.Join('|', table))).Select(match => $"{name} {match.Value}").ToList();
        rest = Regex.Replace(rest, Pattern(string.Join('|', table)), "·");
        return found;
    }

    private static bool Has(string words, string text) => Regex.IsMatch(text, Pattern(words));

    private static string Pattern(string words) =>
        $"(?<![\\w-])({string.Join('|', words.Split('|').OrderByDescending(word => word.Length).Select(Regex.Escape))})(?![\\w-])";
}
