using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class InterpolationTests
{
    [Fact]
    public void TheWayFollowsTheCircle()
    {
        using var scope = NewDisposeScope();
        // From (1, 0) to (0, 1) a third of the way: 30 degrees.
        var third = Interpolation.Spherical(tensor(new[] { 1.0, 0 }), tensor(new[] { 0.0, 1 }), 1.0 / 3);
        Assert.Equal(Math.Sqrt(3) / 2, third[0].ToDouble(), 1e-9);
        Assert.Equal(0.5, third[1].ToDouble(), 1e-9);
        // Ends of different length: the way begins and ends exactly there. With 60 degrees between them, the middle is (a + b)/√3.
        var (a, b) = (tensor(new[] { 2.0, 0 }), tensor(new[] { 0.5, Math.Sqrt(3) / 2 }));
        Assert.True(Interpolation.Spherical(a, b, 0).allclose(a));
        Assert.True(Interpolation.Spherical(a, b, 1).allclose(b));
        Assert.True(Interpolation.Spherical(a, b, 0.5).allclose((a + b) / Math.Sqrt(3)));
    }

    [Fact]
    public void NoiseStaysAsLoudAsItWas()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (a, b) = (randn(1, 4, 16, 16), randn(1, 4, 16, 16));
        var path = Interpolation.Path(a, b, 5);
        Assert.Equal([5, 4, 16, 16], path.shape);
        Assert.Equal(1, path[2].std().ToDouble(), 0.05);
        Assert.True(((a + b) / 2).std().ToDouble() < 0.8);
    }

    [Fact]
    public void NoisesThatPointTheSameWayAreWalkedStraight()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new[] { 1.0, 2 });
        Assert.True(Interpolation.Spherical(a, 3 * a, 0.5).allclose(2 * a));
    }

    [Fact]
    public void WaysThatAreNoneAreRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("[2] to noise [3]", Assert.Throws<CourseException>(() => Interpolation.Spherical(ones(2), ones(3), 0.5)).Message);
        Assert.Contains("opposite", Assert.Throws<CourseException>(() => Interpolation.Spherical(ones(2), -ones(2), 0.5)).Message);
        Assert.Contains("count must be at least 2", Assert.Throws<CourseException>(() => Interpolation.Path(ones(2), ones(2), 1)).Message);
    }
}
