using System.Numerics;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>What lies behind the flower, far out of focus: a gradient, and soft discs of light and color upon it.</summary>
internal sealed class Surroundings(int side)
{
    /// <summary>The background's pixels, row by row; linear.</summary>
    public Vector3[] Pixels { get; } = new Vector3[side * side];

    /// <summary>Paints the backdrop and returns its average color, which the flower's shadows take on.</summary>
    public Vector3 Paint(Backdrop backdrop, FlowerLight light, SplitMix64 random)
    {
        switch (backdrop)
        {
            case Backdrop.Sky:
                Gradient(random, 0x3E86D2, 0xA8D6F2);
                Blobs(random, 5, 0xF4F8FC, 0.35f, 0.35f, 0.75f, flat: 0.5f, low: -1, high: 0.6f);
                Bokeh(random, 4, 0xE4F2FF, 0.16f);
                break;
            case Backdrop.Meadow:
                Gradient(random, 0x8DB848, 0x2C6420);
                Blobs(random, 6, 0x1E5018, 0.5f, 0.2f, 0.5f);
                Blobs(random, 5, 0xB4D45C, 0.4f, 0.15f, 0.4f);
                Grass(random);
                Bokeh(random, 7, 0xDCEC90, 0.22f);
                break;
            case Backdrop.Soil:
                Gradient(random, 0x6A4A30, 0x3A2414);
                Blobs(random, 9, 0x24140A, 0.55f, 0.12f, 0.4f, flat: 0.7f);
                Blobs(random, 9, 0x8E6844, 0.4f, 0.08f, 0.3f, flat: 0.7f);
                Pebbles(random);
                break;
            case Backdrop.Night:
                Gradient(random, 0x0B1030, 0x05060F);
                Blobs(random, 4, 0x1C2C66, 0.5f, 0.3f, 0.7f);
                Bokeh(random, 6, 0x8CA8F0, 0.3f);
                Bokeh(random, 3, 0xFFC070, 0.3f);
                break;
            case Backdrop.Sand:
                Gradient(random, 0xF2E4C6, 0xD6BC90);
                Blobs(random, 7, 0xC4A674, 0.35f, 0.2f, 0.6f, flat: 0.35f);
                Blobs(random, 5, 0xFBF2DC, 0.45f, 0.2f, 0.6f, flat: 0.4f);
                break;
            case Backdrop.Mist:
                Gradient(random, 0xC2C6C8, 0x868C90);
                Blobs(random, 5, 0xDCDFE0, 0.45f, 0.3f, 0.8f, flat: 0.5f);
                Blobs(random, 4, 0x6A7276, 0.35f, 0.25f, 0.6f);
                break;
            case Backdrop.Dusk:
                Gradient(random, 0x6E4A9A, 0xC890B4);
                Blobs(random, 4, 0x4C2E7A, 0.4f, 0.3f, 0.7f, flat: 0.5f);
                Blobs(random, 4, 0xE4A8C0, 0.4f, 0.25f, 0.6f, flat: 0.4f, low: -1, high: 0);
                Bokeh(random, 5, 0xF0D0F0, 0.2f);
                break;
            default:
                Gradient(random, 0x2FA09A, 0x0B5660);
                Blobs(random, 5, 0x064450, 0.45f, 0.3f, 0.7f, flat: 0.3f);
                Blobs(random, 9, 0x7CD8CC, 0.32f, 0.15f, 0.5f, flat: 0.14f);
                Bokeh(random, 4, 0xC8F4EC, 0.2f);
                break;
        }
        return Tone(light);
    }

    private void Gradient(SplitMix64 random, uint above, uint below)
    {
        Vector3 top = Vary(LinearColor.Of(above), random), bottom = Vary(LinearColor.Of(below), random);
        var tilt = random.Around(0, 0.35f);
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
            {
                var t = Math.Clamp((y + tilt * (x - side / 2f)) / side, 0, 1);
                Pixels[y * side + x] = Vector3.Lerp(top, bottom, t * t * (3 - 2 * t));
            }
    }

    private void Blobs(SplitMix64 random, int count, uint color, float strength, float small, float large,
        float flat = 1, float low = -1.1f, float high = 1.1f)
    {
        for (var i = 0; i < count; i++)
        {
            var radius = random.Between(small, large);
            Disc(random.Between(-1.1f, 1.1f), random.Between(low, high), radius, radius * flat * random.Around(1, 0.2f),
                Vary(LinearColor.Of(color), random), strength * random.Between(0.5f, 1), 1);
        }
    }

    // Points of light that the lens spreads into discs.
    private void Bokeh(SplitMix64 random, int count, uint color, float strength)
    {
        var radius = random.Between(0.09f, 0.17f);
        for (var i = 0; i < count; i++)
        {
            var size = radius * random.Around(1, 0.35f);
            Disc(random.Between(-1, 1), random.Between(-0.9f, 1), size, size, Vary(LinearColor.Of(color), random), strength * random.Between(0.4f, 1), 0.3f);
        }
    }

    private void Grass(SplitMix64 random)
    {
        for (var i = 0; i < 9; i++)
        {
            var height = random.Between(0.4f, 1);
            var color = LinearColor.Of(random.Chance(0.5f) ? 0x9CC850u : 0x3C7A28u);
            Disc(random.Between(-1, 1), random.Between(-1, -0.2f), random.Between(0.025f, 0.06f), height, Vary(color, random), random.Between(0.15f, 0.4f), 1);
        }
    }

    private void Pebbles(SplitMix64 random)
    {
        for (var i = 0; i < 22; i++)
        {
            var size = random.Between(0.02f, 0.07f);
            var color = LinearColor.Of(random.Chance(0.6f) ? 0x1E1008u : 0x9A7854u);
            Disc(random.Between(-1, 1), random.Between(-1, 1), size, size * 0.75f, Vary(color, random), random.Between(0.2f, 0.5f), 0.8f);
        }
    }

    /// <summary>Lays an ellipse over the picture; <paramref name="soft"/> is the part of its radius that fades.</summary>
    private void Disc(float x, float y, float rx, float ry, Vector3 color, float strength, float soft)
    {
        float half = side / 2f, cx = (x + 1) * half, cy = (1 - y) * half, wide = rx * half, high = ry * half;
        int top = Math.Max(0, (int)(cy - high)), bottom = Math.Min(side - 1, (int)(cy + high));
        int left = Math.Max(0, (int)(cx - wide)), right = Math.Min(side - 1, (int)(cx + wide));
        // A fade on the squared distance needs no root.
        float edge = (1 - soft) * (1 - soft), fade = 1 / (1 - edge);
        for (var row = top; row <= bottom; row++)
        {
            var dy = (row + 0.5f - cy) / high;
            for (var column = left; column <= right; column++)
            {
                var dx = (column + 0.5f - cx) / wide;
                var t = (1 - dx * dx - dy * dy) * fade;
                if (t <= 0) continue;
                t = MathF.Min(t, 1);
                ref var pixel = ref Pixels[row * side + column];
                pixel = Vector3.Lerp(pixel, color, strength * t * t * (3 - 2 * t));
            }
        }
    }

    // A low sun warms the whole scene; the corners are a little darker, as in any lens.
    private Vector3 Tone(FlowerLight light)
    {
        var tint = light switch
        {
            FlowerLight.Warm => new Vector3(1.05f, 0.96f, 0.85f),
            FlowerLight.Soft => new Vector3(0.96f),
            _ => Vector3.One,
        };
        var slope = light switch { FlowerLight.Left => -0.16f, FlowerLight.Right => 0.16f, _ => 0 };
        var sum = Vector3.Zero;
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
            {
                float dx = (2 * x + 1f) / side - 1, dy = (2 * y + 1f) / side - 1;
                ref var pixel = ref Pixels[y * side + x];
                pixel *= tint * ((1 - 0.16f * (dx * dx + dy * dy)) * (1 + slope * dx));
                sum += pixel;
            }
        return sum / Pixels.Length;
    }

    private static Vector3 Vary(Vector3 color, SplitMix64 random) =>
        color * (random.Around(1, 0.14f) * new Vector3(1 + random.Around(0, 0.06f), 1, 1 + random.Around(0, 0.06f)));
}
