using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class LinearProbeTests
{
    // Three classes that lie on three axes, with noise on a fourth: what is linear is read without fault.
    [Fact]
    public void What_lies_open_is_read()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var labels = Enumerable.Range(0, 90).Select(i => i % 3).ToList();
        var vectors = cat([nn.functional.one_hot(tensor(labels.Select(label => (long)label).ToArray()), 3).to(ScalarType.Float32) * 5 + 2, randn(90, 1)], 1);
        using var probe = LinearProbe.Fit(vectors, labels, 3);
        Assert.Equal(labels, probe.Read(vectors));
        Assert.Equal([true, false], probe.Right(vectors[..2], [0, 0]));
        Assert.False(probe.Read(vectors).Length == 0);
    }

    // Exclusive or: no line divides it, so a linear probe stays at chance on balanced data.
    [Fact]
    public void What_is_not_linear_is_not_read()
    {
        using var scope = NewDisposeScope();
        var corners = tensor(new float[,] { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } }).repeat(10, 1);
        var labels = Enumerable.Range(0, 40).Select(i => i % 4 is 1 or 2 ? 1 : 0).ToList();
        using var probe = LinearProbe.Fit(corners, labels, 2);
        Assert.InRange(probe.Right(corners, labels).Count(right => right), 10, 30);
    }

    [Fact]
    public void Constant_numbers_do_no_harm_and_mistakes_are_named()
    {
        using var scope = NewDisposeScope();
        var vectors = cat([tensor(new float[] { -1, -2, 1, 2 }).view(4, 1), full([4, 1], 3f)], 1);
        using var probe = LinearProbe.Fit(vectors, [0, 0, 1, 1], 2);
        Assert.Equal([0, 0, 1, 1], probe.Read(vectors));
        Assert.Contains("3 labels for vectors of the shape [4, 2]", Assert.Throws<CourseException>(() => LinearProbe.Fit(vectors, [0, 0, 1], 2)).Message);
        Assert.Contains("The label 2 is none of 0 to 1", Assert.Throws<CourseException>(() => LinearProbe.Fit(vectors, [0, 0, 1, 2], 2)).Message);
        Assert.Contains("classes is 1", Assert.Throws<CourseException>(() => LinearProbe.Fit(vectors, [0, 0, 0, 0], 1)).Message);
    }
}
