using System.Numerics;
using ImageGen.Imaging;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>
/// Repaints a flower that stands before white as blue-and-white porcelain: light becomes the strength of one pigment, cobalt,
/// on a white glaze, and where the light changes the brush leaves a darker line (the difference of two blurs).
/// </summary>
internal static class PorcelainPainting
{
    // From bare glaze to the deepest cobalt.
    private static readonly Vector3[] Pigment =
        [new(0.955f, 0.965f, 0.975f), new(0.70f, 0.80f, 0.94f), new(0.36f, 0.50f, 0.84f), new(0.15f, 0.25f, 0.64f), new(0.07f, 0.11f, 0.38f)];

    public static Picture Of(Picture picture)
    {
        var side = picture.Width;
        var light = new float[side * side];
        for (var i = 0; i < light.Length; i++) light[i] = (0.35f * picture.Rgb[3 * i] + 0.55f * picture.Rgb[3 * i + 1] + 0.10f * picture.Rgb[3 * i + 2]) / 255;
        var scale = side / 128f;
        var (fine, coarse) = (Blurred(light, side, 0.9f * scale), Blurred(light, side, 3.2f * scale));
        var rgb = new byte[light.Length * 3];
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
            {
                var i = y * side + x;
                var line = Math.Clamp((coarse[i] - fine[i] - 0.01f) * 3.2f, 0, 0.45f);
                var strength = Math.Clamp(1.02f * (0.97f - fine[i]) + line, 0, 1);
                // The plate is a shallow bowl: its rim lies in a little shade.
                float dx = (2 * x + 1f) / side - 1, dy = (2 * y + 1f) / side - 1;
                var color = At(strength) * (1 - 0.06f * (dx * dx + dy * dy));
                (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) = (Byte(color.X), Byte(color.Y), Byte(color.Z));
            }
        return new Picture(side, side, rgb);
    }

    private static Vector3 At(float strength)
    {
        var place = strength * (Pigment.Length - 1);
        var below = Math.Min((int)place, Pigment.Length - 2);
        return Vector3.Lerp(Pigment[below], Pigment[below + 1], place - below);
    }

    private static float[] Blurred(float[] light, int side, float sigma)
    {
        var reach = Math.Max(1, (int)MathF.Ceiling(2.5f * sigma));
        float[] weights = [.. Enumerable.Range(-reach, 2 * reach + 1).Select(step => MathF.Exp(-step * step / (2 * sigma * sigma)))];
        var sum = weights.Sum();
        var (rows, both) = (new float[light.Length], new float[light.Length]);
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
                for (var step = -reach; step <= reach; step++) rows[y * side + x] += light[y * side + Math.Clamp(x + step, 0, side - 1)] * weights[step + reach] / sum;
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
                for (var step = -reach; step <= reach; step++) both[y * side + x] += rows[Math.Clamp(y + step, 0, side - 1) * side + x] * weights[step + reach] / sum;
        return both;
    }

    private static byte Byte(float light) => (byte)Math.Clamp((int)MathF.Round(light * 255), 0, 255);
}
