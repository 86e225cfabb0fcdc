using ImageGen.Runtime;
using ImageGen.Training;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class WolfeLineSearchTests
{
    /// <summary>A parabola that has no value in a part of the line: wherever that part lies, what is found is finite, and lower.</summary>
    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void WhereNothingCanBeSeenNothingIsAccepted(double hole)
    {
        for (var from = 0.02; from < 3; from += 0.07)
            for (var width = 0.05; width < 3; width += 0.31)
                foreach (var firstStep in new[] { 0.1, 1, 2.5, 40 })
                {
                    LinePoint At(double step) => step > from && step < from + width
                        ? new(step, hole, double.NaN)
                        : new(step, (step - 1) * (step - 1), 2 * (step - 1));
                    var found = WolfeLineSearch.Search(At(0), firstStep, At);
                    Assert.True(double.IsFinite(found.Loss) && found.Loss <= 1, $"{found} with a hole from {from}, {width} wide, first step {firstStep}");
                }
    }

    [Fact]
    public void AFiniteLossWithoutASlopeIsNotAcceptedEither()
    {
        LinePoint At(double step) => new(step, (step - 1) * (step - 1), step > 0.5 ? double.NaN : 2 * (step - 1));
        var found = WolfeLineSearch.Search(At(0), 1, At);
        Assert.InRange(found.Step, 0, 0.5);
    }

    [Fact]
    public void AGradientOfNaNIsAnErrorAndNoConvergence()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, requires_grad: true);
        using var optimizer = new Lbfgs(x, () => (x * x).sqrt().sum()); // at 0 its slope is 0/0
        Assert.Contains("gradient", Assert.Throws<CourseException>(optimizer.Step).Message);
    }
}
