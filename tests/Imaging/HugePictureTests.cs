using System.Diagnostics;
using ImageGen.Imaging;

namespace ImageGen.Tests;

[Collection(nameof(Alone))]
public class HugePictureTests
{
    [Fact]
    public void AHugePngIsMadeSmallerWithoutEverLyingInMemoryWhole()
    {
        using var folder = new TemporaryFolder();
        var path = folder["huge.png"];
        HugePng.Write(path, side: 20_000);

        var before = Process.GetCurrentProcess().PeakWorkingSet64;
        var picture = Picture.Load(path, maxSide: 500);
        var grown = Process.GetCurrentProcess().PeakWorkingSet64 - before;

        Assert.Equal((500, 500), (picture.Width, picture.Height));
        Assert.Equal(HugePng.Outside, picture[10, 10]);
        Assert.Equal(HugePng.Outside, picture[490, 480]);
        Assert.Equal(HugePng.Inside, picture[250, 250]);
        Assert.Equal(HugePng.Inside, picture[130, 370]);
        Assert.Equal(HugePng.Outside, picture[120, 250]);
        Assert.InRange(grown, 0, 400 << 20); // decoded as it is: 1,600 MB
    }
}
