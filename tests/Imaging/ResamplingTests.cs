using ImageGen.Imaging;
using TorchSharp;

namespace ImageGen.Tests;

public class ResamplingTests
{
    public static TheoryData<Resampling, int, int> Cases()
    {
        var cases = new TheoryData<Resampling, int, int>();
        foreach (var resampling in Enum.GetValues<Resampling>())
            foreach (var (width, height) in new[] { (16, 16), (37, 23), (64, 48), (75, 23), (37, 50), (5, 40), (111, 7), (1, 1), (90, 61) })
                cases.Add(resampling, width, height);
        return cases;
    }

    // "soft" never comes near black or white: Pillow clips between the two directions, a tensor is not clipped at all.
    private static Picture Rough => Picture.Load(Fixture.PathOf("resize/rough.png"));

    private static Picture Soft => Picture.Load(Fixture.PathOf("resize/soft.png"));

    private static Picture Pillow(string source, Resampling resampling, int width, int height) =>
        Picture.Load(Fixture.PathOf($"resize/{source}-{resampling.ToString().ToLowerInvariant()}-{width}x{height}.png"));

    [Theory, MemberData(nameof(Cases))]
    public void PicturesEqualPillows(Resampling resampling, int width, int height) =>
        Assert.Equal(0, Fixture.Difference(Rough.Resize(width, height, resampling), Pillow("rough", resampling, width, height)));

    [Theory, MemberData(nameof(Cases))]
    public void TensorsEqualPillowsWithinOneLevel(Resampling resampling, int width, int height)
    {
        using var scope = torch.NewDisposeScope();
        var resized = Picture.FromTensor(Resampler.Resize(Soft.ToTensor(), height, width, resampling));
        Assert.InRange(Fixture.Difference(resized, Pillow("soft", resampling, width, height)), 0, 1);
    }

    [Fact]
    public void TensorsPassGradients()
    {
        using var scope = torch.NewDisposeScope();
        var pixels = torch.rand([1, 3, 8, 8], requires_grad: true);
        Resampler.Resize(pixels, 4, 4).sum().backward();
        Assert.Equal(3 * 16, pixels.grad!.sum().ToSingle(), 1e-3f); // each new pixel's weights sum to one
    }

    [Fact]
    public void FitWithinKeepsProportionsAndNeverEnlarges()
    {
        Assert.Equal((16, 10), (Rough.FitWithin(16).Width, Rough.FitWithin(16).Height)); // 23 * 16 / 37 = 9.9
        Assert.Equal(Rough, Rough.FitWithin(1000));
        Assert.Equal(Rough, Rough.FitWithin(37));
    }

    [Fact]
    public void SquareCutsTheMiddle()
    {
        var wide = Fixture.Pattern(10, 4);
        Assert.Equal(wide.Crop(3, 0, 4, 4), wide.Square(4));
        Assert.Equal(wide[3, 0], wide.Crop(4, 4)[0, 0]);
    }

    [Fact]
    public void ACropOutsideThePictureIsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Fixture.Pattern(4, 4).Crop(2, 2, 3, 1));
}
