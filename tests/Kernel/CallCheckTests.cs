using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests.Kernel;

/// <summary>Slips that would end the process: on our kernel they are errors that name both shapes.</summary>
public sealed class CallCheckTests : IDisposable
{
    private static readonly string Start = $"""
        #r "{Path.Combine(AppContext.BaseDirectory, "ImageGen.Lib.dll")}"
        #r "{Path.Combine(AppContext.BaseDirectory, "TorchSharp.dll")}"
        using TorchSharp; using static TorchSharp.torch;
        """;

    private readonly EngineRun run = new();

    public void Dispose() => run.Dispose();

    [Theory]
    [InlineData("zeros(2, 3).matmul(zeros(4, 5))", "cannot multiply [2, 3] with [4, 5]")]
    [InlineData("torch.matmul(zeros(3), zeros(4))", "cannot multiply [3] with [4]")]
    [InlineData("matmul(zeros(2, 3, 4), zeros(5, 4, 7))", "dimensions before the last two")]
    [InlineData("var A = zeros(2, 2); A.matmul(A.matmul(zeros(3, 2)))", "[2, 2] with [3, 2]")]
    [InlineData("Tensor F(Tensor a) => a.matmul(a); F(zeros(2, 3))", "[2, 3] with [2, 3]")]
    [InlineData("new[] { zeros(2, 3) }.Select(t => t.matmul(\n    t)).First()", "[2, 3] with [2, 3]")]
    [InlineData("zeros(2, 2).matmul(zeros(2, 2, dtype: ScalarType.Int64))", "float32 and the other int64")]
    [InlineData("zeros(2, dtype: ScalarType.Int64).var()", "var has no value for int64 [2]")]
    [InlineData("zeros(2, dtype: ScalarType.Int64).var(0, unbiased: false)", "var has no value for int64 [2]")]
    [InlineData("torch.var(zeros(2, dtype: ScalarType.Int32), 0)", "var has no value for int32 [2]")]
    [InlineData("zeros(2, dtype: ScalarType.Int64).rand_like()", "rand_like cannot draw int64 [2]")]
    public async Task ASlipIsAnErrorThatNamesTheShapes(string code, string expected)
    {
        await run.Ok(Start);
        var error = await run.Fails(code);
        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("zeros(2, 3).matmul(zeros(3, 5)).shape[1]", "5")]
    [InlineData("matmul(target: zeros(3), input: zeros(3)).item<float>()", "0")]
    [InlineData("ones(4).var().item<float>()", "0")]
    [InlineData("torch.var(ones(2, 4), 1).shape[0]", "2")]
    [InlineData("class Mine { public int matmul(int x) => x; } new Mine().matmul(3)", "3")]
    [InlineData("Tensor? none = null; none?.matmul(ones(1)) is null", "True")]
    public async Task WhatFitsIsComputed(string code, string expected)
    {
        await run.Ok(Start);
        Assert.Contains(expected, await run.Value("#nullable enable\n" + code));
    }

    [Fact]
    public void TheChecksMultiplyWhatTorchMultiplies()
    {
        using var scope = NewDisposeScope();
        (long[] A, long[] B)[] fitting = [([3], [3]), ([2, 3], [3]), ([3], [3, 2]), ([2, 3], [3, 4]), ([5, 2, 3], [3, 4]), ([5, 2, 3], [1, 3, 4]), ([2, 3], [5, 3, 4]), ([1, 6, 2, 3], [5, 1, 3, 4]), ([0, 3], [3, 2])];
        foreach (var (a, b) in fitting) Assert.Equal(rand(a).matmul(rand(b)).shape, CellChecks.matmul(rand(a), rand(b)).shape);
    }
}
