namespace ImageGen.Data;

/// <summary>The words for each attribute's values, in the order of the enums; the two wordings share none.</summary>
internal sealed record FlowerWords(
    string[][] Colors, string[][] Shapes, string[][] Likenesses, string[][] Centers, string[] CenterNouns, string[][] Backdrops,
    string[][] Lights, string[][] Sizes, string[][] Poses, string[][] Greens, string[] Many, string[] Flowers)
{
    public static FlowerWords Of(Wording wording) => wording == Wording.Usual ? Usual : Reworded;

    private static readonly FlowerWords Usual = new(
        Colors:
        [
            ["white", "snow-white"], ["yellow", "lemon-yellow"], ["orange", "bright orange"], ["red", "scarlet"], ["burgundy", "maroon"],
            ["pink", "soft pink"], ["magenta", "hot magenta"], ["purple", "deep purple"], ["lavender", "pale lavender"], ["blue", "bright blue"],
        ],
        Shapes: [["round", "rounded"], ["pointed", "sharp"], ["ruffled", "wavy"], ["long", "slender"], ["layered", "overlapping"]],
        Likenesses: [["buttercup-like"], ["star-shaped"], ["poppy-like"], ["daisy-like"], ["dahlia-like"]],
        Centers: [["yellow", "golden"], ["orange", "amber"], ["brown", "chestnut"], ["green", "lime-green"], ["white", "creamy"], ["black", "coal-black"]],
        CenterNouns: ["heart", "center"],
        Backdrops:
        [
            ["against a blue sky", "before the open sky"], ["in a green meadow", "amid the grass"], ["on dark soil", "above brown earth"],
            ["by night", "in the dark of night"], ["on pale sand", "above a sandy beach"], ["in gray mist", "before gray fog"],
            ["at dusk", "in the violet twilight"], ["over teal water", "beside still water"],
        ],
        Lights: [["in soft light", "evenly lit"], ["lit from the left"], ["lit from the right"], ["in warm low light", "in golden light"]],
        Sizes: [["small", "little"], ["medium-sized"], ["large", "big"]],
        Poses:
        [
            ["facing us", "looking straight at us"], ["turned to the left", "looking left"], ["turned to the right", "looking right"],
            ["looking up", "facing upward"], ["nodding", "bowing its head"],
        ],
        Greens: [["without a stem", "with no stem in view"], ["on a bare stem", "on a leafless stalk"], ["with green leaves", "on a leafy stem"]],
        Many: ["many", "lots of"],
        Flowers: ["flower", "blossom"]);

    private static readonly FlowerWords Reworded = new(
        Colors:
        [
            ["milky", "ivory"], ["buttery", "canary"], ["tangerine", "apricot"], ["vermilion", "ruby"], ["oxblood", "wine-dark"],
            ["rosy", "blush"], ["fuchsia", "cerise"], ["plum", "amethyst"], ["lilac", "mauve"], ["cobalt", "sapphire"],
        ],
        Shapes: [["softly curved", "broad"], ["tapering", "spiky"], ["frilly", "crinkled"], ["narrow", "ribbon-like"], ["tiered", "crowded"]],
        Likenesses: [["primrose-like"], ["lily-like"], ["hibiscus-like"], ["aster-like"], ["camellia-like"]],
        Centers: [["honey-colored", "sunny"], ["saffron", "coppery"], ["cocoa", "tawny"], ["mossy", "leaf-colored"], ["chalky", "frosty"], ["inky", "jet"]],
        CenterNouns: ["eye", "middle"],
        Backdrops:
        [
            ["under clear skies", "with only air behind it"], ["on a lawn", "with fresh turf around it"], ["over bare ground", "on freshly dug loam"],
            ["after nightfall", "at midnight"], ["among the dunes", "on a dry shore"], ["on a foggy day", "in a silvery haze"],
            ["as daylight fades", "in the gloaming"], ["by a quiet pond", "above a calm lake"],
        ],
        Lights: [["beneath an overcast day", "with hardly a shadow"], ["with the sun on its left"], ["with the sun on its right"], ["glowing in late sunshine", "warmed by a sinking sun"]],
        Sizes: [["tiny", "dainty"], ["average-sized"], ["huge", "grand"]],
        Poses:
        [
            ["seen from the front", "gazing at the viewer"], ["facing leftward", "glancing left"], ["facing rightward", "glancing right"],
            ["lifting its face", "tilted skyward"], ["hanging its head", "bent downward"],
        ],
        Greens: [["cut off below the petals", "showing nothing but its head"], ["upon a plain stalk", "atop a naked shoot"], ["among its foliage", "with leaves below"]],
        Many: ["numerous", "plenty of"],
        Flowers: ["bloom", "floret"]);
}
