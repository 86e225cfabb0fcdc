using ImageGen.Data;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>CLIP score, R-precision, attribute accuracy and the bootstrap on cases small enough to be worked by hand.</summary>
public sealed class ScoreTests
{
    [Fact]
    public void QuantilesAreNumPys()
    {
        double[] values = [.. FormulaNumbers.Of(37, 9).Order()];
        var expected = MetricsFixtures.Json("distances.json").Numbers("quantiles");
        foreach (var (share, right) in new[] { 0.0, 0.025, 0.5, 0.975, 1.0 }.Zip(expected)) Assert.Equal(right, Bootstrap.Quantile(values, share), 1e-12);
    }

    // The mean of n zeros and ones has the standard error √(p(1 − p)/n): 0.02 for p = 0.8 and n = 400.
    [Fact]
    public void TheBootstrapOfAShareIsTheBinomials()
    {
        var estimate = Estimate.OfMean([.. Enumerable.Range(0, 400).Select(i => i % 5 == 0 ? 0.0 : 1)]);
        Assert.Equal(0.8, estimate.Value, 1e-12);
        Assert.Equal(0.8 - 1.96 * 0.02, estimate.Low, 0.006);
        Assert.Equal(0.8 + 1.96 * 0.02, estimate.High, 0.006);
        Assert.Matches(@"^0\.800 \[0\.7\d\d, 0\.8\d\d\], n = 400$", estimate.ToString());
        Assert.Contains("at least one", Assert.Throws<CourseException>(() => Estimate.OfMean([])).Message);
    }

    // Pictures' vectors (cos a, sin a) for a = 0°, 60°, 120°, all captions (1, 0): cosines 1, ½, −½.
    [Fact]
    public void ClipScoresByHand()
    {
        using var scope = NewDisposeScope();
        using var model = new Angles();
        var pictures = Pictures(0, 60, 120);
        Assert.Equal([1, 0.5, -0.5], ClipScore.Cosines(model, pictures, ["0", "0", "0"]).Select(cosine => Math.Round(cosine, 6)));
        Assert.Equal(20 * (1 + 0.5 - 0.5) / 3, ClipScore.Of(model, pictures, ["0", "0", "0"]).Value, 1e-5);
        Assert.Equal(2.5 * (1 + 0.5 + 0) / 3, ClipScore.Weighted(model, pictures, ["0", "0", "0"]).Value, 1e-6);
        Assert.Equal("A photo depicts 0", model.Read[^1]);
        Assert.Contains("3 pictures and 2 captions", Assert.Throws<CourseException>(() => ClipScore.Of(model, pictures, ["0", "0"])).Message);
    }

    [Fact]
    public void RPrecisionByHand()
    {
        using var scope = NewDisposeScope();
        using var model = new Angles();
        // 30° and 170° find their own captions among all four; 50° is nearer to 40 than to 90, and 80° to 90 than to 100.
        Assert.Equal(0.5, RPrecision.Of(model, Pictures(30, 50, 80, 170), ["40", "90", "100", "180"], candidates: 4).Value);
        // Where 40 is true of the second picture as well, it is no wrong answer there.
        Assert.Equal(0.75, RPrecision.Of(model, Pictures(30, 50, 80, 170), ["40", "90", "100", "180"], candidates: 3, alsoFits: (caption, picture) => (caption, picture) is (0, 1) or (3, 0) or (0, 2) or (0, 3)).Value);
    }

    [Fact]
    public void AModelThatSeesNoDifferenceFindsNothing()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(0, RPrecision.Of(ones(5, 3), ones(5, 3), candidates: 2).Value);
        Assert.Equal(1, RPrecision.Of(eye(5), eye(5), candidates: 5).Value);
    }

    // Vectors without meaning find the right one of R in 1/R of the cases.
    [Fact]
    public void GuessingIsRightInOneOfR()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (pictures, texts) = (randn([600, 8], generator: generator), randn([600, 8], generator: generator));
        Assert.Equal(0.1, RPrecision.Of(pictures, texts, candidates: 10).Value, 0.04);
    }

    [Fact]
    public void TooFewCaptionsAreNamed()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("2 to 5", Assert.Throws<CourseException>(() => RPrecision.Of(eye(5), eye(5), candidates: 6)).Message);
        Assert.Contains("5 pictures and 4", Assert.Throws<CourseException>(() => RPrecision.Of(eye(5), eye(5)[..4])).Message);
        Assert.Contains("Picture 0 has only 0", Assert.Throws<CourseException>(() => RPrecision.Of(eye(5), eye(5), candidates: 2, alsoFits: (_, _) => true)).Message);
    }

    [Fact]
    public void AttributesAreCountedWhereTheCaptionNamesThem()
    {
        var seen = new FlowerReading(PetalColor.Red, CenterColor.Green, Backdrop.Sky, PetalShape.Round);
        FlowerReading[] readings = [seen, seen, seen, seen];
        FlowerFacts[] facts =
        [
            new() { Color = PetalColor.Red, Center = CenterColor.Green, Backdrop = Backdrop.Sky },
            new() { Color = PetalColor.Red, Center = CenterColor.Black },
            new() { Color = PetalColor.Blue },
            new() { Light = FlowerLight.Left },
        ];
        var right = AttributeAccuracy.Of(readings, facts);
        Assert.Equal((2.0 / 3, 3), (right.Color!.Value, right.Color.Samples));
        Assert.Equal((0.5, 2), (right.Center!.Value, right.Center.Samples));
        Assert.Equal((1.0, 1), (right.Backdrop!.Value, right.Backdrop.Samples));
        Assert.Null(right.Shape);
        Assert.Equal((1.0 / 3, 3), (right.All!.Value, right.All.Samples));
        Assert.Contains("4 readings for 1", Assert.Throws<CourseException>(() => AttributeAccuracy.Of(readings, facts[..1])).Message);
    }

    [Fact]
    public void NoiseHasItsDeviationAndBlurItsBell()
    {
        using var scope = NewDisposeScope();
        var gray = zeros(1, 3, 64, 64);
        var noisy = PictureDamage.Noise(gray, 0.2);
        Assert.Equal(0.2, noisy.square().mean().sqrt().ToDouble(), 0.01);
        Assert.True(noisy.equal(PictureDamage.Noise(gray, 0.2)).all().item<bool>());
        Assert.True(PictureDamage.Noise(gray, 5).abs().max().ToDouble() <= 1);

        var dot = zeros(1, 3, 31, 31);
        dot[0, 1, 15, 15] = 1;
        var blurred = PictureDamage.Blur(dot, 2);
        Assert.Equal(1, blurred.sum().ToDouble(), 1e-5);
        Assert.Equal(0, blurred[0, 0].abs().max().ToDouble(), 1e-9);
        // exp(−(3² + 1²)/(2·2²)) of the middle.
        Assert.Equal(Math.Exp(-10.0 / 8), (blurred[0, 1, 18, 16] / blurred[0, 1, 15, 15]).ToDouble(), 1e-4);
        Assert.Equal(0.7, PictureDamage.Blur(full([1, 3, 20, 20], 0.7f), 1.5).min().ToDouble(), 1e-5);
        Assert.Contains("must be above 0", Assert.Throws<CourseException>(() => PictureDamage.Blur(dot, 0)).Message);
        Assert.Contains("too small", Assert.Throws<CourseException>(() => PictureDamage.Blur(dot, 40)).Message);
    }

    private static Tensor Pictures(params double[] degrees) => tensor(degrees.Select(each => (float)each).ToArray(), [degrees.Length, 1, 1, 1]).expand(-1, 3, 2, 2);

    /// <summary>A model for which a picture is an angle, and a text too: its vector lies at that angle.</summary>
    private sealed class Angles : IPictureTextModel
    {
        public List<string> Read { get; } = [];
        public string Description => "angles";
        public bool IsProxy => true;
        public double LogitScale => 20;

        public Tensor EmbedPictures(Tensor pictures) => At(pictures[.., 0, 0, 0]);

        public Tensor EmbedTexts(IReadOnlyList<string> texts)
        {
            Read.AddRange(texts);
            return At(tensor(texts.Select(text => float.Parse(text.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture)).ToArray()));
        }

        public void Dispose() { }

        private static Tensor At(Tensor degrees) => stack([(degrees * (MathF.PI / 180)).cos(), (degrees * (MathF.PI / 180)).sin()], 1);
    }
}
