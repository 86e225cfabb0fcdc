using System.Diagnostics;

namespace ImageGen.Tests;

/// <summary>What is meant for the user's own folder never lands below the current one, whatever HOME says.</summary>
public sealed class HomeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public HomeTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no HOME");
        Directory.CreateDirectory(folder["here"]);
    }

    [Theory]
    [InlineData("kernel", "install")]
    [InlineData("data", "list")]
    [InlineData("data", "fetch", "clip")]
    public void AHomeThatIsNoWholePathIsOneLineAndNothingIsWritten(params string[] command)
    {
        var (code, output, error) = Run("home", command);
        Assert.NotEqual(0, code);
        Assert.Equal("", output);
        Assert.Contains("HOME is 'home', which is no whole path", error);
        Assert.Equal(1, error.Count(letter => letter == '\n'));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["here"]));
    }

    [Fact]
    public void AHomeThatIsNotThereYetIsMade()
    {
        Assert.Equal(0, Run(folder["nhà mới"], ["kernel", "install"]).Code);
        Assert.True(File.Exists(folder["nhà mới/.local/share/jupyter/kernels/.net-csharp/kernel.json"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["here"]));
    }

    [Fact]
    public void ADataFolderThatIsNoWholePathIsIgnoredAsTheSpecificationSays()
    {
        Assert.Equal(0, Run(folder["home"], dataHome: "data", ["kernel", "install"]).Code);
        Assert.True(File.Exists(folder["home/.local/share/jupyter/kernels/.net-csharp/kernel.json"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["here"]));
    }

    public void Dispose() => folder.Dispose();

    private (int Code, string Output, string Error) Run(string home, params string[] command) => Run(home, null, command);

    private (int Code, string Output, string Error) Run(string home, string? dataHome, params string[] command)
    {
        var start = Dotnet.With([Path.Combine(AppContext.BaseDirectory, "ImageGen.Course.dll"), .. command]);
        (start.RedirectStandardOutput, start.RedirectStandardError, start.WorkingDirectory) = (true, true, folder["here"]);
        start.Environment["HOME"] = home;
        foreach (var name in new[] { "IMAGEGEN_CACHE", "XDG_DATA_HOME", "JUPYTER_DATA_DIR" }) start.Environment.Remove(name);
        if (dataHome is not null) start.Environment["XDG_DATA_HOME"] = dataHome;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }
}
