using System.Text.Json;
using ImageGen.Metrics;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Fréchet and kernel distances against closed forms and against NumPy and SciPy (make_metrics.py).</summary>
public sealed class DistanceTests
{
    private static readonly JsonElement Reference = MetricsFixtures.Json("distances.json");

    private static Tensor X => FormulaNumbers.Tensor(1, 90, 12).matmul(eye(12, dtype: ScalarType.Float64) + 0.3 * FormulaNumbers.Tensor(3, 12, 12));

    private static Tensor Y => FormulaNumbers.Tensor(2, 70, 12) * 1.4 + 0.3;

    [Theory]
    [InlineData(90)]
    [InlineData(1)]
    [InlineData(7)]
    public void MeanAndCovarianceAreNumPysHoweverTheSamplesCome(int batch)
    {
        using var scope = NewDisposeScope();
        using var statistics = new FeatureStatistics(12);
        foreach (var part in X.split(batch)) statistics.Add(part);
        Assert.Equal(90, statistics.Count);
        FormulaWeights.AssertClose(Reference.GetProperty("mean"), statistics.Mean);
        FormulaWeights.AssertClose(Reference.GetProperty("covariance"), statistics.Covariance());
    }

    [Fact]
    public void AFarOffMeanCostsNoDigits()
    {
        using var scope = NewDisposeScope();
        using var statistics = new FeatureStatistics(12);
        foreach (var part in (X + 1e6).split(7)) statistics.Add(part);
        Assert.True((statistics.Covariance() - FeatureStatistics.Of(X).Covariance()).abs().max().ToDouble() < 1e-8);
    }

    [Fact]
    public void TheFrechetDistanceEqualsSciPys()
    {
        using var scope = NewDisposeScope();
        Near(Reference.GetProperty("frechet").GetDouble(), FrechetDistance.Of(X, Y, resamples: 0).Value, 1e-9);
        Near(Reference.GetProperty("frechet_offset").GetDouble(), FrechetDistance.Of(X + 1000, Y + 1000, resamples: 0).Value, 1e-6);
        // Fewer samples than numbers in each: SciPy's root of a singular matrix is good to a few digits.
        Near(Reference.GetProperty("frechet_singular").GetDouble(),
            FrechetDistance.Of(FormulaNumbers.Tensor(4, 8, 12), FormulaNumbers.Tensor(5, 9, 12), resamples: 0).Value, 1e-4);
    }

    // Both ways to the same value: through the covariances, and past them where samples are fewer than features.
    [Theory]
    [InlineData(8, 12)]
    [InlineData(12, 5)]
    [InlineData(2, 2)]
    public void FewSamplesGiveWhatTheirCovariancesGive(int first, int second)
    {
        using var scope = NewDisposeScope();
        var (x, y) = (FormulaNumbers.Tensor(4, first, 12) + 1, FormulaNumbers.Tensor(5, second, 12));
        using var ofX = FeatureStatistics.Of(x);
        using var ofY = FeatureStatistics.Of(y);
        Near(FrechetDistance.Of(ofX, ofY), FrechetDistance.Of(x, y, resamples: 0).Value, 1e-6);
        Assert.Equal(0, FrechetDistance.Of(x, x, resamples: 0).Value, 1e-9);
    }

    // Of two normal distributions on a line: (μ₁ − μ₂)² + (σ₁ − σ₂)². Independent axes add up.
    [Fact]
    public void IndependentAxesHaveAClosedForm()
    {
        using var scope = NewDisposeScope();
        var (mean1, mean2) = (tensor(new double[] { 1, 0, 5 }), tensor(new double[] { 3, 0, 4 }));
        var (cov1, cov2) = (diag(tensor(new double[] { 4, 9, 0 })), diag(tensor(new double[] { 1, 9, 0.25 })));
        Assert.Equal(4 + 0 + 1 + 1 + 0 + 0.25, FrechetDistance.Of(mean1, cov1, mean2, cov2), 1e-12);
    }

    // [[5,4],[4,5]] and [[5,−4],[−4,5]] have the axes (1,1) and (1,−1), with 9 and 1 swapped: Tr(A + B) − 2·(3·1 + 1·3) = 20 − 12.
    [Fact]
    public void TurnedAxesHaveOneToo()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (tensor(new double[,] { { 5, 4 }, { 4, 5 } }), tensor(new double[,] { { 5, -4 }, { -4, 5 } }));
        Assert.Equal(8, FrechetDistance.Of(zeros(2, ScalarType.Float64), a, zeros(2, ScalarType.Float64), b), 1e-12);
        Assert.Equal(0, FrechetDistance.Of(zeros(2, ScalarType.Float64), a, zeros(2, ScalarType.Float64), a), 1e-12);
    }

    [Fact]
    public void ARootThatFailsIsTriedAgainWithALittleOfTheIdentity()
    {
        using var scope = NewDisposeScope();
        var (zero, identity) = (zeros(3, ScalarType.Float64), eye(3, dtype: ScalarType.Float64));
        var tries = new List<double>();
        double Root(Tensor a, Tensor b)
        {
            tries.Add(a.trace().ToDouble() - 3);
            return tries.Count == 1 ? double.NaN : 3;
        }
        Assert.Equal(0, FrechetDistance.Of(zero, identity, zero, identity, Root), 1e-12);
        Assert.Equal([0, 3e-6], tries.Select(t => Math.Round(t, 9)));
        Assert.Contains("no value", Assert.Throws<CourseException>(() => FrechetDistance.Of(zero, identity, zero, identity, (_, _) => double.NaN)).Message);
    }

    [Fact]
    public void TheKernelDistanceEqualsItsDefinition()
    {
        using var scope = NewDisposeScope();
        Near(Reference.GetProperty("kernel").GetDouble(), KernelDistance.Of(X[..20], Y[..15], resamples: 0).Value, 1e-9);
    }

    // x: 0 and 1, y: 2 and −1, D = 1. k(0,1) = 1; k(2,−1) = −1; k(0,·) = 1; k(1,2) = 27; k(1,−1) = 0: 1 − 1 − 2·(1 + 1 + 27 + 0)/4.
    [Fact]
    public void TheKernelDistanceByHand()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(-14.5, KernelDistance.Of(tensor(new double[,] { { 0 }, { 1 } }), tensor(new double[,] { { 2 }, { -1 } }), resamples: 0).Value, 1e-12);
    }

    // The mean over many draws from one distribution: the Fréchet distance stays above zero, the kernel distance does not.
    [Fact]
    public void OnlyTheKernelDistanceIsUnbiased()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var (frechet, kernel) = (new List<double>(), new List<double>());
        for (var i = 0; i < 60; i++)
        {
            var (x, y) = (randn([12, 6], ScalarType.Float64, generator: generator), randn([12, 6], ScalarType.Float64, generator: generator));
            frechet.Add(FrechetDistance.Of(x, y, resamples: 0).Value);
            kernel.Add(KernelDistance.Of(x, y, resamples: 0).Value);
        }
        var deviation = Math.Sqrt(kernel.Select(k => Math.Pow(k - kernel.Average(), 2)).Sum() / 59 / 60);
        Assert.InRange(kernel.Average(), -3 * deviation, 3 * deviation);
        Assert.True(frechet.Min() > 0.5, $"{frechet.Min()}");
    }

    [Fact]
    public void IntervalsHoldTheValueAndShrinkWithTheSamples()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var (x, y) = (randn([800, 6], generator: generator), randn([800, 6], generator: generator) + 0.5);
        foreach (var measure in new Func<Tensor, Tensor, Estimate>[] { (a, b) => FrechetDistance.Of(a, b), (a, b) => KernelDistance.Of(a, b) })
        {
            var (few, many) = (measure(x[..100], y[..100]), measure(x, y));
            Assert.InRange(few.Value, few.Low, few.High);
            Assert.InRange(many.Value, many.Low, many.High);
            Assert.True(many.High - many.Low < 0.6 * (few.High - few.Low), $"{few} {many}");
            Assert.Equal((100, 800), (few.Samples, many.Samples));
            Assert.Equal(many.ToString(), measure(x, y).ToString()); // the same seed
        }
        // The truth: 6 axes, each moved by a half.
        var frechet = FrechetDistance.Of(x, y);
        Assert.InRange(6 * 0.25, frechet.Low - 0.05, frechet.High + 0.05);
    }

    [Fact]
    public void FeaturesThatDoNotFitAreNamed()
    {
        using var scope = NewDisposeScope();
        using var statistics = new FeatureStatistics(3);
        Assert.Contains("[B, 3], and were given [2, 4]", Assert.Throws<CourseException>(() => statistics.Add(zeros(2, 4))).Message);
        statistics.Add(zeros(1, 3));
        Assert.Contains("at least 2 samples, not 1", Assert.Throws<CourseException>(statistics.Covariance).Message);
        Assert.Contains("sample 1 holds NaN", Assert.Throws<CourseException>(() => statistics.Add(full([1, 3], double.NaN))).Message);
        Assert.Contains("not 3 and 4", Assert.Throws<CourseException>(() => KernelDistance.Of(zeros(5, 3), zeros(5, 4))).Message);
        Assert.Contains("not 1 and 5", Assert.Throws<CourseException>(() => KernelDistance.Of(zeros(1, 3), zeros(5, 3))).Message);
        Assert.Contains("not 3 and 4", Assert.Throws<CourseException>(() => FrechetDistance.Of(zeros(5, 3), zeros(5, 4))).Message);
    }

    [Fact]
    public void MeasuringLeavesNoTensorBehind()
    {
        using var outer = NewDisposeScope();
        var (x, y) = (X, Y);
        using var scope = NewDisposeScope();
        _ = FrechetDistance.Of(x, y, resamples: 3);
        _ = KernelDistance.Of(x, y, resamples: 3);
        Assert.Equal(0, scope.DisposablesCount);
    }

    private static void Near(double expected, double actual, double relative) =>
        Assert.True(Math.Abs(expected - actual) <= relative * Math.Abs(expected), $"{actual}, and {expected} is right");
}
