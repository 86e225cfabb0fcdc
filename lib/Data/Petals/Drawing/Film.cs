using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>A corner of a triangle: where it falls on the film, how near it is, and what the shader needs to know there.</summary>
/// <param name="X">Samples from the left.</param>
/// <param name="Y">Samples from the top.</param>
/// <param name="Z">Nearness: the larger lies in front.</param>
/// <param name="U">Along the surface, from its root (0) to its tip (1).</param>
/// <param name="V">Across the surface, from −1 to 1.</param>
/// <param name="Normal">The surface's direction, in world space.</param>
internal readonly record struct Corner(float X, float Y, float Z, float U, float V, Vector3 Normal);

/// <summary>What one sample of the film sees.</summary>
internal struct Sighting
{
    public float U, V;
    public Vector3 Normal;
    public int Part;
}

/// <summary>
/// A depth buffer and, behind each of its samples, what is seen there; colors come later, once for each visible sample
/// ("deferred shading"). Several samples make a pixel, so that edges are smooth.
/// </summary>
internal sealed class Film(int side, int samples)
{
    public const float Empty = float.NegativeInfinity;

    public int Side { get; } = side;

    /// <summary>Samples in each direction within one pixel.</summary>
    public int Samples { get; } = samples;

    public int Width { get; } = side * samples;

    public float[] Depth { get; } = new float[side * samples * side * samples];

    public Sighting[] Seen { get; } = new Sighting[side * samples * side * samples];

    public void Clear() => Array.Fill(Depth, Empty);

    /// <summary>Draws a triangle, seen from either side.</summary>
    public void Triangle(in Corner a, in Corner b, in Corner c, int part)
    {
        var area = (b.X - a.X) * (c.Y - a.Y) - (b.Y - a.Y) * (c.X - a.X);
        if (MathF.Abs(area) < 1e-6f) return;
        int left = Math.Max(0, (int)MathF.Ceiling(Min(a.X, b.X, c.X) - 0.5f)), right = Math.Min(Width - 1, (int)MathF.Floor(Max(a.X, b.X, c.X) - 0.5f));
        int top = Math.Max(0, (int)MathF.Ceiling(Min(a.Y, b.Y, c.Y) - 0.5f)), bottom = Math.Min(Width - 1, (int)MathF.Floor(Max(a.Y, b.Y, c.Y) - 0.5f));
        var scale = 1 / area;

        // Barycentric weights are linear in x and y: one addition a step.
        float stepA = (b.Y - c.Y) * scale, stepB = (c.Y - a.Y) * scale;
        for (var y = top; y <= bottom; y++)
        {
            float px = left + 0.5f, py = y + 0.5f;
            var weightA = ((b.X - px) * (c.Y - py) - (b.Y - py) * (c.X - px)) * scale;
            var weightB = ((c.X - px) * (a.Y - py) - (c.Y - py) * (a.X - px)) * scale;
            for (var x = left; x <= right; x++, weightA += stepA, weightB += stepB)
            {
                var weightC = 1 - weightA - weightB;
                if (weightA < 0 || weightB < 0 || weightC < 0) continue;
                var z = weightA * a.Z + weightB * b.Z + weightC * c.Z;
                var at = y * Width + x;
                if (z <= Depth[at]) continue;
                Depth[at] = z;
                ref var seen = ref Seen[at];
                seen.U = weightA * a.U + weightB * b.U + weightC * c.U;
                seen.V = weightA * a.V + weightB * b.V + weightC * c.V;
                seen.Normal = a.Normal * weightA + b.Normal * weightB + c.Normal * weightC;
                seen.Part = part;
            }
        }
    }

    /// <summary>Draws a small ball: a floret, an anther, a link of a filament.</summary>
    /// <param name="x">Its middle, in samples.</param>
    /// <param name="y">Its middle, in samples.</param>
    /// <param name="z">The nearness of its middle.</param>
    /// <param name="radius">In samples.</param>
    /// <param name="depth">Its radius in units of nearness.</param>
    /// <param name="u">What the shader is told for all of it.</param>
    /// <param name="v">What the shader is told for all of it.</param>
    /// <param name="part">The part it belongs to.</param>
    public void Ball(float x, float y, float z, float radius, float depth, float u, float v, int part)
    {
        int left = Math.Max(0, (int)MathF.Ceiling(x - radius - 0.5f)), right = Math.Min(Width - 1, (int)MathF.Floor(x + radius - 0.5f));
        int top = Math.Max(0, (int)MathF.Ceiling(y - radius - 0.5f)), bottom = Math.Min(Width - 1, (int)MathF.Floor(y + radius - 0.5f));
        var scale = 1 / radius;
        for (var row = top; row <= bottom; row++)
            for (var column = left; column <= right; column++)
            {
                float nx = (column + 0.5f - x) * scale, ny = (row + 0.5f - y) * scale, rest = 1 - nx * nx - ny * ny;
                if (rest < 0) continue;
                var nz = MathF.Sqrt(rest);
                var at = row * Width + column;
                if (z + nz * depth <= Depth[at]) continue;
                Depth[at] = z + nz * depth;
                Seen[at] = new Sighting { U = u, V = v, Normal = new Vector3(nx, -ny, nz), Part = part };
            }
    }

    private static float Min(float a, float b, float c) => MathF.Min(a, MathF.Min(b, c));

    private static float Max(float a, float b, float c) => MathF.Max(a, MathF.Max(b, c));
}
