using System.Diagnostics;

namespace ImageGen.Tests;

/// <summary>The script <c>course</c> on machines as people have them, with a stand-in for dotnet that tells what it is asked.</summary>
public sealed class CourseScriptTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string root;

    public CourseScriptTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the script is for a POSIX shell");
        root = folder["thư mục hoa hồng"]; // blanks, and letters of two bytes and three
        Directory.CreateDirectory(Path.Combine(root, "commands", "bin"));
        File.Copy(Path.Combine(Runtime.Folders.Root, "course"), Path.Combine(root, "course"));
        Directory.CreateDirectory(folder["programs"]);
        Program("dotnet", "#!/bin/sh\n[ \"$1\" = build ] && { [ -z \"${FAILS:-}\" ] || { echo broken; exit 1; }; exit 0; }\necho \"$@\"\n");
    }

    [Fact]
    public void APathWithBlanksAndVietnameseLettersIsOnePath() => Assert.Equal((0, $"{root}/commands/bin/ImageGen.Course.dll data list\n", ""), Run(Path.Combine(root, "course"), "data", "list"));

    [Fact]
    public void ACheckoutBehindALinkAndALinkedScriptAreFoundWhereTheyAre()
    {
        Directory.CreateSymbolicLink(folder["link"], root);
        Assert.Equal($"{root}/commands/bin/ImageGen.Course.dll doctor\n", Run(folder["link/course"], "doctor").Output);
        File.CreateSymbolicLink(folder["course"], "link/course");     // beside it, relative
        File.CreateSymbolicLink(folder["programs/c"], folder["course"]); // a link to a link
        foreach (var linked in new[] { "course", "programs/c" })
            Assert.Equal($"{root}/commands/bin/ImageGen.Course.dll doctor\n", Run(folder[linked], "doctor").Output);
    }

    [Theory]
    [InlineData("home", "which is no whole path")]
    [InlineData("/nowhere/at/all", "which is no folder that you may write to, and .NET keeps its packages there")]
    [InlineData("/dev/null", "which is no folder that you may write to")]
    public void AHomeThatIsNoneIsTold(string home, string expected)
    {
        var (code, output, error) = Run(Path.Combine(root, "course"), home, prebuilt: false);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains($"course: HOME is '{home}', {expected}", error);
        Assert.Equal(1, error.Count(letter => letter == '\n'));
        Assert.Equal(0, Run(Path.Combine(root, "course"), home, prebuilt: true).Code); // nothing is built, and no package asked for
    }

    [Fact]
    public void ABuildThatFailsShowsItsLines()
    {
        var (code, _, error) = Run(Path.Combine(root, "course"), folder.Path, prebuilt: false, fails: true);
        Assert.Equal(1, code);
        Assert.Contains("broken\ncourse: the build failed; the lines above say why.", error);
    }

    public void Dispose() => folder.Dispose();

    private (int Code, string Output, string Error) Run(string script, params string[] arguments) => Run(script, folder.Path, prebuilt: false, fails: false, arguments);

    private (int Code, string Output, string Error) Run(string script, string home, bool prebuilt, bool fails = false, params string[] arguments)
    {
        File.WriteAllText(Path.Combine(root, "commands", "bin", "ImageGen.Course.dll"), "");
        var start = new ProcessStartInfo("/bin/sh", [script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path };
        start.Environment["PATH"] = $"{folder["programs"]}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["HOME"] = home;
        foreach (var name in new[] { "IMAGEGEN_PREBUILT", "DOTNET_CLI_HOME", "FAILS" }) start.Environment.Remove(name);
        if (prebuilt) start.Environment["IMAGEGEN_PREBUILT"] = "1";
        if (fails) start.Environment["FAILS"] = "1";
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }

    private void Program(string name, string text)
    {
        File.WriteAllText(folder[$"programs/{name}"], text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder[$"programs/{name}"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
