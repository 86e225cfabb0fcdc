using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class NaNTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    [Fact]
    public void EveryMeasureNamesTheSampleThatIsNoNumber()
    {
        var (good, bad) = (randn(8, 3), randn(8, 3));
        bad[5, 1] = float.NaN;
        Named("sample 5", () => FrechetDistance.Of(bad, good, 0));
        Named("sample 5", () => FrechetDistance.Of(good, bad, 0));
        Named("sample 5", () => KernelDistance.Of(bad, good, 0));
        Named("picture 5", () => RPrecision.Of(bad, good, 4));
        Named("caption 5", () => RPrecision.Of(good, bad, 4));
        using var statistics = new FeatureStatistics(3);
        statistics.Add(good);
        Named("sample 13", () => statistics.Add(bad));
    }

    [Fact]
    public void WhereFeaturesOutnumberSamplesTheyAreNamedToo()
    {
        var (good, bad) = (randn(4, 9), randn(4, 9));
        bad[2, 0] = float.PositiveInfinity;
        Named("sample 2", () => FrechetDistance.Of(good, bad, 0));
    }

    [Fact]
    public void AnExamNamesThePicture()
    {
        var exam = new FlowerExam(ImageGen.Data.Split.Test, count: 4);
        var pictures = zeros(4, 3, 64, 64);
        pictures[3, 0, 0, 0] = float.NaN;
        Named("Picture 3", () => exam.Grade("a broken model", pictures));
    }

    [Fact]
    public void ANetworkNamesTheLayer()
    {
        using var network = new FilterPyramid();
        using var noGrad = no_grad();
        var layer = network.LayerNames[0];
        Named($"Layer {layer} of {network.Name}", () => network.Extract(full([1, 3, 64, 64], float.NaN), layer));
    }

    public void Dispose() => scope.Dispose();

    private static void Named(string what, Action work)
    {
        var message = Assert.Throws<CourseException>(work).Message;
        Assert.Contains(what, message);
        Assert.DoesNotContain('\n', message);
    }
}
