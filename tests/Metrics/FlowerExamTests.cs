using ImageGen.Data;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The exam: the same captions for everybody, and cards that tell honest models from frauds.</summary>
public sealed class FlowerExamTests
{
    [Fact]
    public void CardsTellSwappedPicturesFromRightOnes()
    {
        using var scope = NewDisposeScope();
        using var networks = MeasuringNetworks.Default();
        using var judge = FlowerJudge.Pretrained();
        var exam = new FlowerExam(Split.HeldOut, 60, networks: networks, judge: judge);
        Assert.Equal(60, exam.Captions.Count);
        Assert.Contains("proxy", exam.Reason);
        var answers = exam.Answers();
        var (right, swapped) = (exam.Grade("right", answers), exam.Grade("swapped", answers.roll(1, 0)));
        Assert.True(right.ClipScore.Low > swapped.ClipScore.High, $"{right}{swapped}");
        Assert.True(right.RPrecision.Low > swapped.RPrecision.High, $"{right}{swapped}");
        Assert.True(right.Attributes.All!.Value > 0.95 && swapped.Attributes.All!.Value < 0.3, $"{right}{swapped}");
        // The same pictures in another order are the same cloud.
        Assert.Equal(right.Frechet.Value, swapped.Frechet.Value, 1e-6);
        Assert.Equal(right.Kernel.Value, swapped.Kernel.Value, 1e-6);
        Assert.Equal(60, right.ClipScore.Samples);
        Assert.StartsWith("right: CLIP ", right.Short);
        Assert.Contains("60 captions and takes as many", Assert.Throws<CourseException>(() => exam.Grade("short", answers[..5])).Message);
        Assert.Contains("count must be 2 or more", Assert.Throws<CourseException>(() => new FlowerExam(Split.Test, 1)).Message);
    }

    [Theory]
    [InlineData("smoke", typeof(MiniClip))]
    [InlineData("small", typeof(ResNetPooled))]
    public void PicturesAreDescribedByTheNetworkThatCameWithTheBuild(string scale, Type expected)
    {
        var before = Environment.GetEnvironmentVariable(Scales.Variable);
        Environment.SetEnvironmentVariable(Scales.Variable, scale);
        try
        {
            using var networks = MeasuringNetworks.Default();
            Assert.IsType(expected, networks.Look);
            Assert.Contains(networks.Look.Description, networks.Reason);
            Assert.DoesNotContain("FID", networks.Reason);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Scales.Variable, before);
        }
    }

    [Fact]
    public void RealPicturesAreLookedAtOnceForAllModels()
    {
        using var scope = NewDisposeScope();
        using var clip = MiniClip.Pretrained();
        using var judge = FlowerJudge.Pretrained();
        using var counting = new Counting();
        var exam = new FlowerExam(Split.Test, 20, networks: new(clip, counting, "a test"), judge: judge);
        var (first, second) = (exam.Grade("first", exam.Answers()), exam.Grade("second", exam.Answers()));
        Assert.Equal(3 * 20, counting.Pictures); // two models and one time the real ones
        Assert.Equal(first.Frechet, second.Frechet);
    }

    private sealed class Counting : IPictureFeatures
    {
        public long Pictures { get; private set; }

        public string Description => "the mean colors";

        public bool IsProxy => true;

        public int Width => 3;

        public Tensor Features(Tensor pictures)
        {
            Pictures += pictures.shape[0];
            return pictures.mean([2, 3]);
        }

        public void Dispose()
        {
        }
    }
}
