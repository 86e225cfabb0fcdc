using System.Numerics;
using ImageGen.Imaging;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>
/// Redraws a picture as ink and wash: lines where the light changes, found by the difference of two blurs with a soft
/// threshold (Winnemöller, Kyprianidis and Olsen, "XDoG", 2012), and over the paper a few thin layers of its colors.
/// </summary>
internal static class InkDrawing
{
    private static readonly Vector3 Paper = new(0.965f, 0.94f, 0.885f), Ink = new(0.10f, 0.085f, 0.13f);

    public static Picture Of(Picture picture)
    {
        var (width, height) = (picture.Width, picture.Height);
        var colors = new Vector3[width * height];
        for (var i = 0; i < colors.Length; i++) colors[i] = new Vector3(picture.Rgb[3 * i], picture.Rgb[3 * i + 1], picture.Rgb[3 * i + 2]) / 255;
        var scale = Math.Min(width, height) / 128f;
        var smooth = Blurred(colors, width, height, 1.1f * scale);
        var wash = Blurred(colors, width, height, 2f * scale);
        var (fine, coarse) = (Blurred(colors, width, height, 1f * scale), Blurred(colors, width, height, 2.2f * scale));
        var rgb = new byte[colors.Length * 3];
        for (var i = 0; i < colors.Length; i++)
        {
            var line = Line(fine[i], coarse[i]);
            var color = Vector3.Lerp(Wash(Vector3.Lerp(smooth[i], wash[i], 0.5f)), Ink, line);
            rgb[3 * i] = Byte(color.X);
            rgb[3 * i + 1] = Byte(color.Y);
            rgb[3 * i + 2] = Byte(color.Z);
        }
        return new Picture(width, height, rgb);
    }

    // Where a point is darker than what surrounds it, in any of the three colors, the pen went.
    private static float Line(Vector3 fine, Vector3 coarse)
    {
        var change = coarse - fine;
        var strongest = MathF.Max(change.X, MathF.Max(change.Y, change.Z));
        return 0.95f * Smooth(Math.Clamp((strongest - 0.018f) / 0.045f, 0, 1));
    }

    // Thin color: the stronger it is, the more of it; the light in three steps, as layers of wash dry.
    private static Vector3 Wash(Vector3 color)
    {
        var (low, high) = (MathF.Min(color.X, MathF.Min(color.Y, color.Z)), MathF.Max(color.X, MathF.Max(color.Y, color.Z)));
        var strength = high - low;
        var light = Vector3.Dot(color, new(0.299f, 0.587f, 0.114f));
        var layers = MathF.Round((1 - light) * 3) / 3;
        var tint = color / MathF.Max(high, 0.05f); // its hue, as light as it gets
        var colored = Vector3.Lerp(Paper, tint * Paper, Math.Clamp(0.15f + 0.95f * strength, 0, 0.9f));
        return colored * (1 - 0.3f * layers);
    }

    private static Vector3[] Blurred(Vector3[] pixels, int width, int height, float sigma)
    {
        var reach = Math.Max(1, (int)MathF.Ceiling(2.5f * sigma));
        float[] weights = [.. Enumerable.Range(-reach, 2 * reach + 1).Select(step => MathF.Exp(-step * step / (2 * sigma * sigma)))];
        var sum = weights.Sum();
        var rows = Along(pixels, (x, y, step) => y * width + Math.Clamp(x + step, 0, width - 1));
        return Along(rows, (x, y, step) => Math.Clamp(y + step, 0, height - 1) * width + x);

        Vector3[] Along(Vector3[] from, Func<int, int, int, int> at)
        {
            var to = new Vector3[from.Length];
            for (var y = 0; y < height; y++)
                for (var x = 0; x < width; x++)
                {
                    var mean = Vector3.Zero;
                    for (var step = -reach; step <= reach; step++) mean += from[at(x, y, step)] * weights[step + reach];
                    to[y * width + x] = mean / sum;
                }
            return to;
        }
    }

    private static float Smooth(float t) => t * t * (3 - 2 * t);

    private static byte Byte(float light) => (byte)Math.Clamp((int)MathF.Round(light * 255), 0, 255);
}
