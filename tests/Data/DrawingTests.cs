using System.Numerics;
using ImageGen.Data;
using ImageGen.Painters;

namespace ImageGen.Tests;

/// <summary>What the pictures are drawn with: hashes, distances, light.</summary>
public sealed class DrawingTests
{
    // The two multiplications and three shifts of lowbias32, worked with Python's integers.
    [Theory]
    [InlineData(0x00000000u, 0x00000000u)]
    [InlineData(0x00000001u, 0x688990c0u)]
    [InlineData(0xdeadbeefu, 0xe628c683u)]
    public void The_hash_is_lowbias32(uint value, uint expected) => Assert.Equal(expected, Noise.Mix(value));

    [Fact]
    public void Gradient_noise_is_zero_on_its_lattice_and_bounded_between()
    {
        var (largest, sum) = (0f, 0f);
        for (var i = 0; i < 4000; i++)
        {
            Assert.Equal(0, Noise.Plane(i % 63 - 31, i / 63, 5), 6);
            Assert.Equal(0, Noise.Space(new(i % 63, i / 63, -i), 5), 6);
            var value = Noise.Plane(i * 0.37f, i * 0.11f, 5);
            largest = MathF.Max(largest, MathF.Abs(value));
            sum += value;
        }
        Assert.InRange(largest, 0.6f, 1.3f);
        Assert.InRange(sum / 4000, -0.05f, 0.05f);
    }

    [Fact]
    public void Distances_to_solids_are_those_of_geometry()
    {
        Assert.Equal(5, Solids.Box(new Vector3(4, 5, 0), new(1, 1, 1)), 5);                      // 3-4-5 from the edge
        Assert.Equal(-0.5f, Solids.Box(new Vector3(0.5f, 0, 0), new(1, 2, 3)), 5);               // inside: to the nearest face
        Assert.Equal(4, Solids.Capsule(new(0, 8, 3), new(0, 0, 0), new(0, 4, 0), 1), 5);         // 3-4-5 from its end
        Assert.Equal(2, Solids.Cylinder(new(3, 0, 0), 1, 1), 5);
        Assert.Equal(1, Solids.Ellipsoid(new(3, 0, 0), new(2, 1, 1)), 1);
        Assert.Equal(3, Solids.Melt(3, 9, 1), 5);                                                // far from the fillet: a union
    }

    [Fact]
    public void Colors_are_decoded_from_srgb()
    {
        // IEC 61966-2-1: the level 188 is half the light (0.5029), 255 all of it.
        var light = Film.Color(0xBCFF00);
        Assert.Equal(0.5029f, light.X, 4);
        Assert.Equal(1, light.Y, 6);
        Assert.Equal(0, light.Z, 6);
    }

    // Under an even sky of radiance 1, a convex matte ball of albedo a looks exactly a bright, everywhere.
    [Theory]
    [InlineData(0.2f)]
    [InlineData(0.7f)]
    public void A_ball_under_an_even_sky_is_as_bright_as_its_albedo(float albedo)
    {
        var seen = Averaged(new Ball(albedo, Vector3.Zero, sky: 1), new Vector3(0.4f, 0.3f, 5));
        Assert.Equal(albedo, seen.X, 2);
    }

    [Fact]
    public void The_sun_follows_lamberts_law()
    {
        // Straight from behind the camera, at the middle of the ball: cos 0. At half its radius: cos 30°.
        Assert.Equal(0.5f * 3, Averaged(new Ball(0.5f, new Vector3(3), sky: 0), new(0, 0, 5)).X, 2);
        Assert.Equal(0.5f * 3 * 0.866f, Averaged(new Ball(0.5f, new Vector3(3), sky: 0), new(0.5f, 0, 5)).X, 2);
    }

    [Fact]
    public void Smoothing_evens_noise_and_keeps_edges()
    {
        const int width = 32, height = 16;
        var pixels = new Seen[width * height];
        for (var i = 0; i < pixels.Length; i++)
        {
            var left = i % width < width / 2;
            var noise = 0.4f * (Noise.Value(i, 1) - 0.5f);
            pixels[i] = new(default, new Vector3((left ? 1 : 2) + noise), default, Vector3.One, left ? Vector3.UnitX : Vector3.UnitZ, left ? 1 : 9);
        }
        var soft = Seen.Smoothed(pixels, pixel => pixel.Soft, width, height, rounds: 3);
        for (var x = 0; x < width; x++)
            Assert.InRange(soft[8 * width + x].X, (x < width / 2 ? 1 : 2) - 0.09f, (x < width / 2 ? 1 : 2) + 0.09f);
    }

    private static Vector3 Averaged(Ball scene, Vector3 from)
    {
        var tracer = new PathTracer(scene, bounces: 2);
        var sum = Vector3.Zero;
        for (var n = 0; n < 400; n++)
        {
            var dice = new Dice(3, 4, 1, n);
            var seen = tracer.Trace(from, -Vector3.UnitZ, ref dice);
            sum += seen.Light;
        }
        return sum / 400;
    }

    private sealed class Ball(float albedo, Vector3 sun, float sky) : Scene
    {
        public override Vector3 SunDirection => Vector3.UnitZ;
        public override Near Nearest(Vector3 p) => new(p.Length() - 1, 0);
        public override Surface At(int part, Vector3 p, Vector3 normal, float distance) => new(new Vector3(albedo), normal);
        public override Vector3 SunAt(Vector3 p) => sun;
        public override Vector3 Sky(Vector3 direction) => new(sky);
    }
}
