using System.Runtime.InteropServices;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>What a machine that hides its caches computes, with the mend and without: each in a process of its own.</summary>
public class FaultyMachineTests
{
    // What failed on a real one, by the parts that failed: convolutions of the autoencoder, of the GAN, of painting.
    private static readonly string[] Numeric =
        ["AutoencoderTests", "GanNetworksTests", "TilingTests", nameof(KnownConvolutionsTests)];

    [Fact]
    public async Task TheProbeSeesTheFaultAndMendsIt()
    {
        SkipWhereItCannotBeSpoiled();
        var (code, output) = await RunAsync(null, nameof(KnownConvolutionsTests));
        Assert.True(code == 0, output);
        Assert.Contains("oneDNN mended", output);
        Assert.DoesNotContain("NNPACK", output);
    }

    [Fact]
    public async Task WithoutTheMendTheSameConvolutionsAreWrong()
    {
        SkipWhereItCannotBeSpoiled();
        var (code, output) = await RunAsync("as-is", nameof(KnownConvolutionsTests));
        Assert.True(code != 0, output);
        Assert.Contains(nameof(KnownConvolutionsTests.TheForwardPassIsACount), output);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("off")]
    public async Task TheNumericTestsPassThere(string? setting)
    {
        SkipWhereItCannotBeSpoiled();
        var (code, output) = await RunAsync(setting, Numeric);
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task AnUnknownSettingIsOneLineOfTheDoctor()
    {
        var start = Dotnet.With(Path.Combine(AppContext.BaseDirectory, "ImageGen.Course.dll"), "doctor");
        start.Environment[Arithmetic.Variable] = "nonsense";
        var (code, output) = await RunAsync(start);
        Assert.Equal(1, code);
        Assert.Contains("it takes auto, off or as-is", string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        Assert.DoesNotContain("   at ", output);
    }

    private static void SkipWhereItCannotBeSpoiled() =>
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "oneDNN's record is known for Linux on x64.");

    private static Task<(int Code, string Output)> RunAsync(string? setting, params string[] classes)
    {
        var start = Dotnet.With(
            [Path.Combine(AppContext.BaseDirectory, "ImageGen.Tests.dll"), "-noColor", "-showLiveOutput", .. classes.SelectMany(name => new[] { "-class", $"ImageGen.Tests.{name}" })]);
        start.Environment[SpoiledCaches.Variable] = "1";
        start.Environment[Arithmetic.Variable] = setting;
        return RunAsync(start);
    }

    private static async Task<(int Code, string Output)> RunAsync(System.Diagnostics.ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = System.Diagnostics.Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}

/// <summary>Convolutions whose results are counts, in shapes that the probe does not use.</summary>
public class KnownConvolutionsTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(24, 24, 3, 216)]
    [InlineData(100, 50, 3, 900)]
    [InlineData(16, 32, 3, 144)]
    [InlineData(3, 24, 9, 243)]
    public void TheForwardPassIsACount(int inputs, int outputs, int kernel, float inside)
    {
        using var scope = NewDisposeScope();
        var y = nn.functional.conv2d(ones(2, inputs, 32, 32), ones(outputs, inputs, kernel, kernel), padding: [kernel / 2, kernel / 2]);
        Assert.All(y[TensorIndex.Ellipsis, 4..28, 4..28].contiguous().data<float>().ToArray(), value => Assert.Equal(inside, value));
        output.WriteLine(Arithmetic.Describe());
    }

    [Theory]
    [InlineData(64, 3, 3, 27)]
    [InlineData(3, 24, 9, 1944)]
    [InlineData(100, 50, 3, 450)]
    public void TheGradientToTheInputIsACount(int inputs, int outputs, int kernel, float inside)
    {
        using var scope = NewDisposeScope();
        var x = ones([2, inputs, 32, 32], requires_grad: true);
        nn.functional.conv2d(x, ones(outputs, inputs, kernel, kernel), padding: [kernel / 2, kernel / 2]).sum().backward();
        Assert.All(x.grad![TensorIndex.Ellipsis, 4..28, 4..28].contiguous().data<float>().ToArray(), value => Assert.Equal(inside, value));
    }

    [Fact]
    public void ATransposedConvolutionIsACount()
    {
        using var scope = NewDisposeScope();
        var y = nn.functional.conv_transpose2d(ones(2, 24, 32, 32), ones(24, 3, 9, 9), padding: [4, 4]);
        Assert.All(y[TensorIndex.Ellipsis, 4..28, 4..28].contiguous().data<float>().ToArray(), value => Assert.Equal(1944, value));
    }
}
