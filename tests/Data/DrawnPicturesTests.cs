using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Painters;
using ImageGen.Runtime;

namespace ImageGen.Tests;

/// <summary>The course's own pictures: as committed, and as drawn again.</summary>
public sealed class DrawnPicturesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private const long MostBytes = 500 * 1024;

    // Mean difference in levels of 255 between a picture and its small redrawing, both averaged down to 1/16.
    private const double SameScene = 6;

    public static TheoryData<string> All => [.. DrawnPictures.All.Select(picture => picture.Name)];

    [Fact]
    public void There_are_three_contents_and_four_styles_at_least()
    {
        Assert.True(CoursePictures.Contents.Count >= 3);
        Assert.True(CoursePictures.Styles.Count >= 4);
        Assert.Equal(CoursePictures.Names.Count, CoursePictures.Names.Distinct().Count());
        Assert.Equal(CoursePictures.Names.Except(CoursePictures.Photographs), DrawnPictures.All.Select(picture => picture.Name));
    }

    [Theory, MemberData(nameof(All))]
    public void A_drawing_is_the_same_every_time(string name)
    {
        var drawn = DrawnPictures.Named(name);
        Picture first = drawn.Draw(scale: 0.05, samples: 1, cancel: Cancel), second = drawn.Draw(scale: 0.05, samples: 1, cancel: Cancel);
        Assert.Equal(first, second);
        Assert.NotEqual(first, drawn.Draw(scale: 0.05, samples: 1, seed: 2, cancel: Cancel));
    }

    [Theory, MemberData(nameof(All))]
    public void The_committed_picture_is_the_drawn_one(string name)
    {
        var drawn = DrawnPictures.Named(name);
        int width = drawn.Width / 16, height = drawn.Height / 16;
        // Fine black and white lines, drawn smaller, merge in linear light and come out paler: styles need the larger drawing.
        var small = (drawn.Kind == PictureKind.Style ? drawn.Draw(scale: 0.5, samples: 4, cancel: Cancel) : drawn.Draw(scale: 0.25, samples: 1, cancel: Cancel))
            .Resize(width, height);
        Assert.InRange(Apart(small, Committed(drawn).Resize(width, height)), 0, SameScene);

        // The measure tells pictures apart: every other one, and this one upside down, lies far outside.
        foreach (var other in DrawnPictures.All.Where(other => other != drawn))
            Assert.True(Apart(small, Committed(other).Resize(width, height)) > 2 * SameScene, $"{name} and {other.Name} look alike");
        Assert.True(Apart(small, UpsideDown(small)) > 2 * SameScene);
    }

    [Theory, MemberData(nameof(All))]
    public void The_committed_picture_is_fit_to_work_with(string name)
    {
        var drawn = DrawnPictures.Named(name);
        var picture = Committed(drawn);
        Assert.Equal((drawn.Width, drawn.Height), (picture.Width, picture.Height));
        Assert.InRange(new FileInfo(Path.Combine(Folders.Data, "pictures", drawn.FileName)).Length, 20_000, MostBytes);

        Assert.True(Spread(Luminances(picture, 0, 0, picture.Width, picture.Height)) > 35, "too little contrast");
        // Drawn to the very edge: no side is a plain frame.
        Assert.All(new[]
        {
            Luminances(picture, 0, 0, picture.Width, 3), Luminances(picture, 0, picture.Height - 3, picture.Width, 3),
            Luminances(picture, 0, 0, 3, picture.Height), Luminances(picture, picture.Width - 3, 0, 3, picture.Height),
        }, side => Assert.True(Spread(side) > 6, $"a side of {name} is all but one color"));
    }

    [Fact]
    public void An_unknown_name_lists_the_names()
    {
        Assert.Contains("lake, street, fruit", Assert.Throws<CourseException>(() => CoursePictures.Content("whirls")).Message);
        Assert.Contains("whirls, glass", Assert.Throws<CourseException>(() => CoursePictures.Style("lake")).Message);
        Assert.Contains("'nothing'", Assert.Throws<CourseException>(() => DrawnPictures.Named("nothing")).Message);
    }

    [Fact]
    public void Names_ignore_case() => Assert.Equal(CoursePictures.Style("glass"), CoursePictures.Style("Glass"));

    [Fact]
    public void A_drawing_checks_its_scale_and_samples()
    {
        var dots = DrawnPictures.Named("dots");
        Assert.Throws<ArgumentOutOfRangeException>(() => dots.Draw(scale: 0, cancel: Cancel));
        Assert.Throws<ArgumentOutOfRangeException>(() => dots.Draw(scale: double.NaN, cancel: Cancel));
        Assert.Throws<ArgumentOutOfRangeException>(() => dots.Draw(scale: 5, cancel: Cancel));
        Assert.Throws<ArgumentOutOfRangeException>(() => dots.Draw(samples: 0, cancel: Cancel));
    }

    [Fact]
    public void A_drawing_stops_when_told() =>
        Assert.ThrowsAny<OperationCanceledException>(() => DrawnPictures.Named("street").Draw(cancel: new CancellationToken(true)));

    [Fact]
    public void Drawing_all_writes_whole_files_and_reports_each()
    {
        using var folder = new TemporaryFolder();
        var reports = new List<DrawingProgress>();
        DrawnPictures.DrawAll(folder["new"], ["Dots", "dots"], new Reports(reports), Cancel);
        var report = Assert.Single(reports);
        Assert.Equal(("dots", 1, 1, folder["new/dots.jpg"]), (report.Picture.Name, report.Done, report.Total, report.File));
        Assert.Equal(["dots.jpg"], Directory.GetFiles(folder["new"]).Select(Path.GetFileName));
        Assert.Equal(512, Picture.Load(report.File).Width);
    }

    [Fact]
    public void Drawing_an_unknown_name_writes_nothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<CourseException>(() => DrawnPictures.DrawAll(folder["new"], ["dots", "nothing"], cancel: Cancel));
        Assert.False(Directory.Exists(folder["new"]));
    }

    [Fact]
    public void Drawing_into_a_place_that_cannot_be_written_says_so()
    {
        using var folder = new TemporaryFolder();
        folder.Write("file", [1]);
        Assert.Contains("file", Assert.Throws<CourseException>(() => DrawnPictures.DrawAll(folder["file"], ["dots"], cancel: Cancel)).Message);
    }

    private sealed class Reports(List<DrawingProgress> list) : IProgress<DrawingProgress>
    {
        public void Report(DrawingProgress value) => list.Add(value);
    }

    private static Picture Committed(DrawnPicture drawn) =>
        drawn.Kind == PictureKind.Content ? CoursePictures.Content(drawn.Name) : CoursePictures.Style(drawn.Name);

    private static double Apart(Picture a, Picture b) => a.Rgb.Zip(b.Rgb, (x, y) => Math.Abs(x - y)).Average();

    private static Picture UpsideDown(Picture picture) =>
        new(picture.Width, picture.Height, [.. picture.Rgb.Chunk(3 * picture.Width).Reverse().SelectMany(row => row)]);

    private static double[] Luminances(Picture picture, int left, int top, int width, int height) =>
        [.. picture.Crop(left, top, width, height).Rgb.Chunk(3).Select(p => 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2])];

    private static double Spread(double[] values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }
}
