using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// Pictures of discs that fall on one another, of every size and color: the "dead leaves" model (Matheron; Lee, Mumford
/// and Huang, IJCV 2001). They have no subject, and the edges, flat parts and scales of photographs.
/// </summary>
public static class DeadLeaves
{
    /// <summary>Draws pictures.</summary>
    /// <param name="count">How many.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <param name="seed">The same seed draws the same pictures on every machine.</param>
    /// <returns><c>[count, 3, size, size]</c> in <c>[0, 1]</c></returns>
    public static Tensor Draw(int count, int size, int seed)
    {
        var random = new Random(seed);
        var pixels = new float[count, 3, size, size];
        for (var picture = 0; picture < count; picture++)
            for (var leaf = 0; leaf < 400; leaf++)
                Drop(pixels, picture, size, random);
        return tensor(pixels);
    }

    private static void Drop(float[,,,] pixels, int picture, int size, Random random)
    {
        // Radii with density r⁻³ look the same at every magnification.
        double smallest = 0.02 * size, largest = 0.4 * size, share = random.NextDouble();
        var radius = smallest / Math.Sqrt(1 - share * (1 - smallest * smallest / (largest * largest)));
        double centerX = random.NextDouble() * size, centerY = random.NextDouble() * size;
        double angle = random.NextDouble() * 2 * Math.PI, slope = random.NextDouble() * 0.3;
        double[] color = [random.NextDouble(), random.NextDouble(), random.NextDouble()];

        for (var y = (int)Math.Max(0, centerY - radius - 1); y < Math.Min(size, centerY + radius + 1); y++)
            for (var x = (int)Math.Max(0, centerX - radius - 1); x < Math.Min(size, centerX + radius + 1); x++)
            {
                double dx = x - centerX, dy = y - centerY;
                var cover = Math.Clamp(radius - Math.Sqrt(dx * dx + dy * dy) + 0.5, 0, 1);
                var light = slope * (dx * Math.Cos(angle) + dy * Math.Sin(angle)) / radius;
                for (var channel = 0; channel < 3; channel++)
                {
                    ref var pixel = ref pixels[picture, channel, y, x];
                    pixel += (float)(cover * (Math.Clamp(color[channel] + light, 0, 1) - pixel));
                }
            }
    }
}
