using ImageGen.Imaging;

namespace ImageGen.Tests;

/// <summary>Files beside the tests, and pictures made of known pixels.</summary>
internal static class Fixture
{
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    /// <summary>A picture whose every pixel differs from its neighbors.</summary>
    public static Picture Pattern(int width, int height)
    {
        var rgb = new byte[width * height * 3];
        for (var i = 0; i < rgb.Length; i++) rgb[i] = (byte)(i * 37 % 251);
        return new Picture(width, height, rgb);
    }

    public static Picture Plain(int width, int height, byte r, byte g, byte b)
    {
        var rgb = new byte[width * height * 3];
        for (var i = 0; i < rgb.Length; i += 3) (rgb[i], rgb[i + 1], rgb[i + 2]) = (r, g, b);
        return new Picture(width, height, rgb);
    }

    /// <summary>The largest difference of any channel of any pixel.</summary>
    public static int Difference(Picture a, Picture b)
    {
        Assert.Equal((b.Width, b.Height), (a.Width, a.Height));
        return a.Rgb.Zip(b.Rgb, (x, y) => Math.Abs(x - y)).Max();
    }
}
