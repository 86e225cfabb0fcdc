using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>Colors as light adds them up: linear, while bytes are sRGB (IEC 61966-2-1).</summary>
internal static class LinearColor
{
    private const int Steps = 4096;

    private static readonly byte[] Encoded = [.. Enumerable.Range(0, Steps + 1).Select(i => (byte)Math.Round(255 * Encode((double)i / Steps)))];

    /// <summary>The color that the six hexadecimal digits <paramref name="rgb"/> name.</summary>
    public static Vector3 Of(uint rgb) => new(Decode(rgb >> 16), Decode(rgb >> 8), Decode(rgb));

    /// <summary>The byte that shows this much light; more than 1 rolls off softly, as film does.</summary>
    public static byte ToByte(float light) => Encoded[(int)(Math.Clamp(Shoulder(light), 0, 1) * Steps)];

    // Straight up to 0.8, then bending toward 1 so that bright petals keep their modeling.
    private static float Shoulder(float light) => light <= 0.8f ? light : 0.8f + 0.2f * (1 - 1 / (1 + (light - 0.8f) * 5));

    private static float Decode(uint channel)
    {
        var value = (channel & 255) / 255.0;
        return (float)(value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4));
    }

    private static double Encode(double light) => light <= 0.0031308 ? light * 12.92 : 1.055 * Math.Pow(light, 1 / 2.4) - 0.055;
}

/// <summary>A sun and the sky's and the ground's glow.</summary>
/// <param name="Toward">The direction to the sun, of length 1; x to the right, y up, z to the viewer.</param>
/// <param name="Sun">The sun's color and strength.</param>
/// <param name="Sky">What a surface that faces up receives besides.</param>
/// <param name="Ground">What a surface that faces down receives.</param>
/// <param name="Shadow">How much of the sun a petal in front takes from one behind it, 0 to 1.</param>
internal sealed record Light(Vector3 Toward, Vector3 Sun, Vector3 Sky, Vector3 Ground, float Shadow)
{
    public static Light For(FlowerLight kind, Vector3 surroundings, SplitMix64 random)
    {
        var side = random.Chance(0.5f) ? 1 : -1;
        var jitter = new Vector3(random.Around(0, 0.12f), random.Around(0, 0.12f), 0);
        var bounce = Vector3.Lerp(new Vector3(0.5f), surroundings, 0.35f);
        var (toward, sun, glow, shadow) = kind switch
        {
            FlowerLight.Left => (new Vector3(-0.80f, 0.34f, 0.42f), new Vector3(1.22f, 1.16f, 1.05f), 0.32f, 0.85f),
            FlowerLight.Right => (new Vector3(0.80f, 0.34f, 0.42f), new Vector3(1.22f, 1.16f, 1.05f), 0.32f, 0.85f),
            FlowerLight.Warm => (new Vector3(0.62f * side, 0.22f, 0.38f), new Vector3(1.34f, 1.14f, 0.90f), 0.40f, 0.7f),
            _ => (new Vector3(0.12f * side, 0.66f, 0.72f), new Vector3(0.84f, 0.84f, 0.83f), 0.54f, 0.6f),
        };
        return new Light(Vector3.Normalize(toward + jitter), sun, new Vector3(0.97f, 1, 1.06f) * glow, bounce * glow * 0.9f, shadow);
    }
}
