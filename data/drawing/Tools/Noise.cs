using System.Numerics;

namespace ImageGen.Painters;

/// <summary>
/// Randomness as a function of a place: integer hashes, so that every machine draws the same picture.
/// Gradient noise after Perlin, "Improving Noise" (2002); the fractal sums after Musgrave, in "Texturing and Modeling".
/// </summary>
internal static class Noise
{
    /// <summary>Scrambles 32 bits; the multipliers are those of Wellons' "lowbias32".</summary>
    public static uint Mix(uint h)
    {
        h = (h ^ (h >> 16)) * 0x7feb352d;
        h = (h ^ (h >> 15)) * 0x846ca68b;
        return h ^ (h >> 16);
    }

    public static uint Hash(int x, int y, int z = 0) =>
        Mix((uint)x * 0x9e3779b1 ^ Mix((uint)y * 0x85ebca77 ^ Mix((uint)z * 0xc2b2ae3d)));

    /// <summary>A number in [0, 1) that belongs to three integers.</summary>
    public static float Value(int x, int y, int z = 0) => (Hash(x, y, z) >> 8) * (1f / (1 << 24));

    /// <summary>Gradient noise in the plane, about [-1, 1], zero on average.</summary>
    public static float Plane(float x, float y, int seed)
    {
        int i = (int)MathF.Floor(x), j = (int)MathF.Floor(y);
        float u = x - i, v = y - j, s = Fade(u), t = Fade(v);
        float low = float.Lerp(Slope(Hash(i, j, seed), u, v), Slope(Hash(i + 1, j, seed), u - 1, v), s);
        float high = float.Lerp(Slope(Hash(i, j + 1, seed), u, v - 1), Slope(Hash(i + 1, j + 1, seed), u - 1, v - 1), s);
        return float.Lerp(low, high, t) * 1.2f;
    }

    /// <summary>Gradient noise in space, about [-1, 1], zero on average.</summary>
    public static float Space(Vector3 p, int seed)
    {
        int i = (int)MathF.Floor(p.X), j = (int)MathF.Floor(p.Y), k = (int)MathF.Floor(p.Z);
        float u = p.X - i, v = p.Y - j, w = p.Z - k, s = Fade(u), t = Fade(v);
        float Layer(int c, float dw)
        {
            float low = float.Lerp(Slope(Corner(i, j, c), u, v, dw), Slope(Corner(i + 1, j, c), u - 1, v, dw), s);
            float high = float.Lerp(Slope(Corner(i, j + 1, c), u, v - 1, dw), Slope(Corner(i + 1, j + 1, c), u - 1, v - 1, dw), s);
            return float.Lerp(low, high, t);
        }
        uint Corner(int a, int b, int c) => Hash(a, b, c + seed * 7919);
        return float.Lerp(Layer(k, w), Layer(k + 1, w - 1), Fade(w));
    }

    /// <summary>A sum of octaves, each at twice the frequency and half the height; about [-1, 1].</summary>
    public static float Cloudy(float x, float y, int octaves, int seed)
    {
        float sum = 0, height = 0.5f;
        for (var n = 0; n < octaves; n++)
        {
            sum += height * Plane(x, y, seed + n);
            // A turn between octaves hides the lattice.
            (x, y) = (1.6f * x - 1.2f * y + 3.7f, 1.2f * x + 1.6f * y + 1.3f);
            height *= 0.5f;
        }
        return sum;
    }

    /// <summary>A sum of octaves in space; about [-1, 1].</summary>
    public static float Cloudy(Vector3 p, int octaves, int seed)
    {
        float sum = 0, height = 0.5f;
        for (var n = 0; n < octaves; n++)
        {
            sum += height * Space(p, seed + n);
            p = new Vector3(1.6f * p.X - 1.2f * p.Y, 1.2f * p.X + 1.6f * p.Y, 2f * p.Z) + new Vector3(3.7f, 1.3f, 5.1f);
            height *= 0.5f;
        }
        return sum;
    }

    /// <summary>Musgrave's ridged multifractal: sharp crests, smooth valleys; about [0, 1].</summary>
    public static float Ridged(float x, float y, int octaves, int seed)
    {
        float sum = 0, height = 0.5f, weight = 1;
        for (var n = 0; n < octaves; n++)
        {
            var crest = 1 - MathF.Abs(Plane(x, y, seed + n));
            crest *= crest * weight;
            sum += crest * height;
            weight = Math.Clamp(crest * 1.9f, 0, 1); // detail grows on the crests, not in the valleys
            (x, y) = (1.6f * x - 1.2f * y + 3.7f, 1.2f * x + 1.6f * y + 1.3f);
            height *= 0.5f;
        }
        return sum;
    }

    /// <summary>Distances to the nearest and second nearest of jittered points, one a unit cell, and the nearest one's hash.</summary>
    public static (float First, float Second, uint Cell) Cells(float x, float y, int seed, float jitter = 0.9f)
    {
        int i = (int)MathF.Floor(x), j = (int)MathF.Floor(y);
        float first = 9, second = 9;
        uint cell = 0;
        for (var b = -1; b <= 1; b++)
            for (var a = -1; a <= 1; a++)
            {
                var h = Hash(i + a, j + b, seed);
                float dx = i + a + 0.5f + jitter * ((h & 0xffff) / 65536f - 0.5f) - x;
                float dy = j + b + 0.5f + jitter * ((h >> 16) / 65536f - 0.5f) - y;
                var d = dx * dx + dy * dy;
                if (d < first) { second = first; first = d; cell = h; }
                else if (d < second) second = d;
            }
        return (MathF.Sqrt(first), MathF.Sqrt(second), cell);
    }

    /// <summary>A normal, tilted a little by noise: bumps too small to be shapes.</summary>
    public static Vector3 Bump(Vector3 normal, Vector3 p, float amount, int seed) => Vector3.Normalize(normal
        + amount * new Vector3(Space(p, seed), Space(p + new Vector3(31.7f), seed), Space(p + new Vector3(57.3f), seed)));

    /// <summary>0 below <paramref name="low"/>, 1 above <paramref name="high"/>, a smooth S between.</summary>
    public static float Step(float low, float high, float x)
    {
        var t = Math.Clamp((x - low) / (high - low), 0, 1);
        return t * t * (3 - 2 * t);
    }

    private static float Fade(float t) => t * t * t * (t * (t * 6 - 15) + 10);

    private static float Slope(uint h, float x, float y) => (h & 7) switch
    {
        0 => x + y, 1 => x - y, 2 => -x + y, 3 => -x - y,
        4 => 1.4142f * x, 5 => -1.4142f * x, 6 => 1.4142f * y, _ => -1.4142f * y,
    };

    // The twelve edges of a cube; four of them twice, so that four bits choose.
    private static float Slope(uint h, float x, float y, float z)
    {
        h &= 15;
        float a = h < 8 ? x : y, b = h < 4 ? y : h is 12 or 14 ? x : z;
        return ((h & 1) == 0 ? a : -a) + ((h & 2) == 0 ? b : -b);
    }
}
