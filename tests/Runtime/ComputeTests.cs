using ImageGen.Runtime;
using TorchSharp;

namespace ImageGen.Tests;

public class ComputeTests
{
    [Theory]
    [InlineData(null, true, true, DeviceType.CUDA)]
    [InlineData("", true, false, DeviceType.CPU)]
    [InlineData(null, false, true, DeviceType.CPU)]
    [InlineData("cpu", true, true, DeviceType.CPU)]
    [InlineData(" CUDA ", true, true, DeviceType.CUDA)]
    public void TheDeviceFollowsTheSettingTheBuildAndTheMachine(string? setting, bool built, bool usable, DeviceType expected) =>
        Assert.Equal(expected, Compute.Choose(setting, built, () => usable));

    [Theory]
    [InlineData("cuda", false, "no CUDA")]
    [InlineData("cuda", true, "no NVIDIA GPU")]
    [InlineData("gpu", true, "cpu or cuda")]
    public void AWishThatCannotBeMetIsOneLine(string setting, bool built, string expected)
    {
        var error = Assert.Throws<CourseException>(() => Compute.Choose(setting, built, () => false));
        Assert.Contains(expected, error.Message);
        Assert.Contains(Compute.Variable, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void AskingForTheCpuNeverTouchesTheDriver() =>
        Compute.Choose("cpu", true, () => throw new InvalidOperationException("the driver was asked"));

    [Fact]
    public void TheDescriptionNamesDeviceAndThreads()
    {
        Assert.Contains(Compute.OnGpu ? "CUDA" : "CPU", Compute.Describe());
        Assert.Contains($"{Compute.Threads} CPU thread", Compute.Describe());
        Assert.InRange(Compute.Threads, 1, Environment.ProcessorCount);
    }
}
