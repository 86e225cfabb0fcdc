using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>What a part of the plant is made of; colors are linear.</summary>
/// <param name="Root">The color where it grows out.</param>
/// <param name="Body">The color along most of it.</param>
/// <param name="Tip">The color at its end.</param>
/// <param name="Veins">How many streaks run along it, in round numbers.</param>
/// <param name="VeinDepth">How much darker a streak is, 0 to 1.</param>
/// <param name="Gloss">The strength of the highlight.</param>
/// <param name="Glow">How much light from behind shines through.</param>
/// <param name="Fringe">How much lighter (or, below 0, darker) its margin is.</param>
/// <param name="Grain">Where in the pattern of streaks it begins, so that no two petals are alike.</param>
internal readonly record struct Material(
    Vector3 Root, Vector3 Body, Vector3 Tip, float Veins, float VeinDepth, float Gloss, float Glow, float Fringe, float Grain = 0);

/// <summary>Where a surface grows: its root and three directions at right angles, each of length 1.</summary>
internal readonly record struct Frame(Vector3 Root, Vector3 Along, Vector3 Across, Vector3 Up)
{
    public Vector3 Point(float along, float across, float up) => Root + Along * along + Across * across + Up * up;
}

/// <summary>
/// The space that the picture shows: x from −1 (left) to 1, y from −1 (bottom) to 1, z toward the viewer, seen with a
/// slight perspective from z = 4.
/// </summary>
internal sealed class Stage(int side, int samples)
{
    private const float Eye = 4;

    private readonly List<Material> materials = [];
    private readonly float half = side * samples / 2f;

    public Film Film { get; } = new(side, samples);

    public Material this[int part] => materials[part];

    public ReadOnlySpan<Material> Materials => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(materials);

    public void Clear()
    {
        Film.Clear();
        materials.Clear();
    }

    /// <summary>Begins a part of the plant; its number goes with what is drawn of it.</summary>
    public int Add(in Material material)
    {
        materials.Add(material);
        return materials.Count - 1;
    }

    public Corner Project(Vector3 point, float u, float v, Vector3 normal)
    {
        var scale = half * Eye / (Eye - point.Z);
        return new Corner(half + point.X * scale, half - point.Y * scale, point.Z, u, v, normal);
    }

    /// <summary>Draws a ball of <paramref name="radius"/> around a point.</summary>
    public void Ball(Vector3 middle, float radius, float u, float v, int part)
    {
        var scale = half * Eye / (Eye - middle.Z);
        Film.Ball(half + middle.X * scale, half - middle.Y * scale, middle.Z, MathF.Max(radius * scale, 0.5f), radius, u, v, part);
    }

    /// <summary>Draws a thin straight thread between two points.</summary>
    public void Thread(Vector3 from, Vector3 to, float thick, float u, int part)
    {
        var side = Vector3.Cross(to - from, Vector3.UnitZ);
        if (side.LengthSquared() < 1e-8f) return;
        side = Vector3.Normalize(side) * thick;
        var (a, b) = (Project(from - side, u, 0, Vector3.UnitZ), Project(from + side, u, 0, Vector3.UnitZ));
        var (c, d) = (Project(to - side, u, 0, Vector3.UnitZ), Project(to + side, u, 0, Vector3.UnitZ));
        Film.Triangle(a, b, c, part);
        Film.Triangle(b, c, d, part);
    }
}
