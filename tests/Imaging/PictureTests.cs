using ImageGen.Imaging;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class PictureTests
{
    [Fact]
    public void ATensorHoldsChannelsThenRowsThenColumns()
    {
        using var scope = NewDisposeScope();
        var picture = new Picture(2, 1, [255, 0, 51, 0, 102, 204]);
        var tensor = picture.ToTensor().cpu();
        Assert.Equal([1, 3, 1, 2], tensor.shape);
        Assert.Equal(ScalarType.Float32, tensor.dtype);
        Assert.Equal([1f, 0f, 0f, 0.4f, 0.2f, 0.8f], tensor.data<float>().ToArray());
    }

    [Fact]
    public void ATripThroughATensorChangesNoPixel()
    {
        using var scope = NewDisposeScope();
        var picture = new Picture(256, 1, [.. Enumerable.Range(0, 256).SelectMany(i => new[] { (byte)i, (byte)(255 - i), (byte)i })]);
        Assert.Equal(picture, Picture.FromTensor(picture.ToTensor()));
        Assert.Equal(picture, Picture.FromTensor(picture.ToTensor().mul(2).sub(1), PixelRange.MinusOneToOne));
    }

    [Fact]
    public void EveryPictureShapeIsRead()
    {
        using var scope = NewDisposeScope();
        var color = rand(3, 4, 5);
        Assert.Equal((5, 4), (Picture.FromTensor(color).Width, Picture.FromTensor(color).Height));
        Assert.Equal(Picture.FromTensor(color), Picture.FromTensor(color.unsqueeze(0)));
        var grey = rand(4, 5);
        Assert.Equal(Picture.FromTensor(grey), Picture.FromTensor(grey.unsqueeze(0)));
        Assert.Equal(Picture.FromTensor(grey), Picture.FromTensor(grey.unsqueeze(0).unsqueeze(0)));
        var (r, g, b) = Picture.FromTensor(grey)[3, 2];
        Assert.True(r == g && g == b);
    }

    [Fact]
    public void ValuesAreRoundedAndClampedAndGradientsDoNotMatter()
    {
        using var scope = NewDisposeScope();
        var values = tensor(new[,] { { -1f, 0.4999f / 255, 0.5001f / 255, 2f } }).requires_grad_();
        Assert.Equal([0, 0, 1, 255], Picture.FromTensor(values).Rgb.Chunk(3).Select(pixel => (int)pixel[0]));
        Assert.Equal(255, Picture.FromTensor(ones([2, 2], dtype: ScalarType.BFloat16)).Rgb[0]);
    }

    [Theory]
    [InlineData(2, 4, 4)]
    [InlineData(1, 2, 4, 4)]
    [InlineData(2, 3, 4, 4)]
    [InlineData(4)]
    [InlineData(3, 0, 4)]
    public void AnotherShapeIsRefusedByName(params int[] shape)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<CourseException>(() => Picture.FromTensor(zeros([.. shape.Select(n => (long)n)])));
        Assert.Contains($"[{string.Join(", ", shape)}]", error.Message);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void ValuesThatAreNoNumbersAreRefused(float value)
    {
        using var scope = NewDisposeScope();
        var pixels = rand(3, 4, 4);
        pixels[1, 2, 3] = value;
        Assert.Contains("NaN", Assert.Throws<CourseException>(() => Picture.FromTensor(pixels)).Message);
    }

    [Fact]
    public void WholeNumbersAreRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("divide bytes by 255", Assert.Throws<CourseException>(() => Picture.FromTensor(zeros(3, 4, 4, dtype: ScalarType.Byte))).Message);
    }

    [Fact]
    public void ConversionsKeepNoTensor()
    {
        var picture = Fixture.Pattern(8, 8);
        using var held = picture.ToTensor();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 5; i++)
        {
            using var one = picture.ToTensor();
            _ = Picture.FromTensor(one);
            _ = Grid.Of(one.expand(4, -1, -1, -1));
        }
        Assert.InRange(DisposeScopeManager.Statistics.ThreadTotalLiveCount - before, 0, 5); // the five that `expand` made here
    }

    [Theory]
    [InlineData("png", 0)]
    [InlineData("jpg", 12)]
    [InlineData("webp", 12)]
    public void ASavedPictureReadsBack(string ending, int tolerance)
    {
        using var folder = new TemporaryFolder();
        var smooth = new Picture(32, 16, [.. Enumerable.Range(0, 32 * 16 * 3).Select(i => (byte)(i / 12))]);
        smooth.Save(folder[$"new/folder/a.{ending}"]);
        Assert.InRange(Fixture.Difference(smooth, Picture.Load(folder[$"new/folder/a.{ending}"])), 0, tolerance);
        Assert.Single(Directory.GetFiles(folder["new/folder"]));
    }

    [Fact]
    public void SavingOverAPictureReplacesIt()
    {
        using var folder = new TemporaryFolder();
        Fixture.Pattern(4, 4).Save(folder["a.png"]);
        Fixture.Pattern(9, 3).Save(folder["a.png"]);
        Assert.Equal(Fixture.Pattern(9, 3), Picture.Load(folder["a.png"]));
    }

    [Fact]
    public void APlaceThatCannotBeWrittenIsNamedAndLeftAsItWas()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "not a folder");
        var error = Assert.Throws<CourseException>(() => Fixture.Pattern(2, 2).Save(folder["file/a.png"]));
        Assert.Contains("cannot be written", error.Message);
        Directory.CreateDirectory(folder["b.png"]);
        Assert.Contains("cannot be written", Assert.Throws<CourseException>(() => Fixture.Pattern(2, 2).Save(folder["b.png"])).Message);
        Assert.Equal(["file"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void AnEndingOfAnotherKindIsRefused() =>
        Assert.Contains(".gif", Assert.Throws<CourseException>(() => Fixture.Pattern(2, 2).Save("a.gif")).Message);

    [Fact]
    public void BytesThatDoNotFillThePictureAreRefused() => Assert.Throws<ArgumentException>(() => new Picture(2, 2, new byte[11]));
}
