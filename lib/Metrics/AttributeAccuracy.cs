using ImageGen.Data;
using ImageGen.Runtime;

namespace ImageGen.Metrics;

/// <summary>
/// How often a <see cref="FlowerJudge"/> sees in pictures what should be there; each share rests on the pictures whose
/// caption speaks of it. Null where none does.
/// </summary>
/// <param name="Color">Petal color.</param>
/// <param name="Center">The center's color.</param>
/// <param name="Backdrop">Background.</param>
/// <param name="Shape">Petal shape.</param>
/// <param name="All">Everything said of color, center and background, together.</param>
public sealed record AttributeAccuracy(Estimate? Color, Estimate? Center, Estimate? Backdrop, Estimate? Shape, Estimate? All)
{
    /// <summary>Compares readings with the truth.</summary>
    /// <param name="readings">What the judge saw, picture by picture.</param>
    /// <param name="flowers">What each picture should show.</param>
    /// <param name="seed">Where the bootstrap's chance begins.</param>
    /// <exception cref="CourseException">There are not as many of one as of the other.</exception>
    public static AttributeAccuracy Of(IReadOnlyList<FlowerReading> readings, IReadOnlyList<FlowerAttributes> flowers, int seed = Seeds.Default) =>
        Of(readings, [.. flowers.Select(flower => new FlowerFacts { Color = flower.Color, Center = flower.Center, Backdrop = flower.Backdrop, Shape = flower.Shape })], seed);

    /// <summary>Compares readings with what captions state; what a caption leaves open is not counted.</summary>
    /// <inheritdoc cref="Of(IReadOnlyList{FlowerReading}, IReadOnlyList{FlowerAttributes}, int)"/>
    public static AttributeAccuracy Of(IReadOnlyList<FlowerReading> readings, IReadOnlyList<FlowerFacts> facts, int seed = Seeds.Default)
    {
        if (readings.Count != facts.Count) throw new CourseException($"There are {readings.Count} readings for {facts.Count} flowers: each picture needs what it should show.");
        return new(
            Share((said, seen) => Right(said.Color, seen.Color)),
            Share((said, seen) => Right(said.Center, seen.Center)),
            Share((said, seen) => Right(said.Backdrop, seen.Backdrop)),
            Share((said, seen) => Right(said.Shape, seen.Shape)),
            Share((said, seen) => Together(Right(said.Color, seen.Color), Right(said.Center, seen.Center), Right(said.Backdrop, seen.Backdrop))));

        Estimate? Share(Func<FlowerFacts, FlowerReading, bool?> right)
        {
            double[] values = [.. facts.Zip(readings, right).OfType<bool>().Select(hit => hit ? 1.0 : 0)];
            return values.Length > 0 ? Estimate.OfMean(values, seed) : null;
        }
    }

    private static bool? Right<T>(T? said, T seen) where T : struct => said is { } value ? value.Equals(seen) : null;

    private static bool? Together(params bool?[] answers) => answers.All(answer => answer is null) ? null : answers.All(answer => answer != false);

    /// <summary>One line an attribute.</summary>
    public override string ToString() => string.Join('\n', new[] { ("color", Color), ("center", Center), ("background", Backdrop), ("shape", Shape), ("all but shape", All) }
        .Where(line => line.Item2 is not null).Select(line => $"{line.Item1,-14}{line.Item2}"));
}
