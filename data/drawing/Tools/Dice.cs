using System.Numerics;

namespace ImageGen.Painters;

/// <summary>
/// Random numbers for one sample of one pixel. A pixel's samples are spread evenly, not thrown blindly: number d of
/// sample i is frac(offset(pixel, d) + i·√prime(d)), Richtmyer's sequence, which halves the noise of a soft shadow.
/// </summary>
internal struct Dice(int x, int y, int seed, int sample)
{
    private static readonly float[] Steps =
        [.. new[] { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53 }.Select(prime => (float)(Math.Sqrt(prime) % 1))];

    private readonly uint pixel = Noise.Hash(x, y, seed);
    private int dimension;

    /// <summary>The next number in [0, 1).</summary>
    public float Next()
    {
        var d = dimension++;
        var offset = (Noise.Mix(pixel + (uint)d * 0x9e3779b9) >> 8) * (1f / (1 << 24));
        var value = offset + sample * Steps[d & 15] + (d >> 4) * 0.37f;
        return value - MathF.Floor(value);
    }

    /// <summary>A direction around <paramref name="normal"/>, more often near it: probability cos/π.</summary>
    public Vector3 Cosine(Vector3 normal)
    {
        float turn = Next() * MathF.Tau, r2 = Next(), r = MathF.Sqrt(r2);
        var (side, up) = Frame(normal);
        return Vector3.Normalize(side * (r * MathF.Cos(turn)) + up * (r * MathF.Sin(turn)) + normal * MathF.Sqrt(1 - r2));
    }

    /// <summary>A direction within a small cone around <paramref name="axis"/>.</summary>
    public Vector3 Cone(Vector3 axis, float radius)
    {
        float turn = Next() * MathF.Tau, r = radius * MathF.Sqrt(Next());
        var (side, up) = Frame(axis);
        return Vector3.Normalize(axis + side * (r * MathF.Cos(turn)) + up * (r * MathF.Sin(turn)));
    }

    /// <summary>Two directions at right angles to a third.</summary>
    public static (Vector3 Side, Vector3 Up) Frame(Vector3 axis)
    {
        var side = Vector3.Normalize(Vector3.Cross(MathF.Abs(axis.Y) < 0.9f ? Vector3.UnitY : Vector3.UnitX, axis));
        return (side, Vector3.Cross(axis, side));
    }
}
