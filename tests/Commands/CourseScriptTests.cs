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

    // The user without rights is the system's "nobody" where the tests run as root, who may write everywhere.
    [Theory]
    [InlineData(true, "It was built before: set IMAGEGEN_PREBUILT=1 to run it as it is.")]
    [InlineData(false, "Copy it to a folder of yours.")]
    public void ACheckoutThatMayNotBeWrittenToIsToldAtOnce(bool built, string advice)
    {
        var nobody = Environment.IsPrivilegedProcess ? new[] { "/usr/bin/setpriv", "/bin/setpriv" }.FirstOrDefault(File.Exists) : "";
        Assert.SkipWhen(nobody is null || OperatingSystem.IsWindows(), "as root there must be setpriv to be somebody else");
        foreach (var shut in new[] { folder.Path, root, Path.Combine(root, "commands"), Path.Combine(root, "commands", "bin"), folder["programs"] })
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(shut, (UnixFileMode)Convert.ToInt32("555", 8));
        try
        {
            var app = Path.Combine(root, "commands", "bin", "ImageGen.Course.dll");
            if (Environment.IsPrivilegedProcess || built == File.Exists(app))
            {
                File.Delete(app);
                if (built) File.WriteAllText(app, "");
            }
            string[] before = nobody.Length == 0 ? [] : [nobody, "--reuid=65534", "--clear-groups", "--"];
            string[] words = [.. before, "/bin/sh", Path.Combine(root, "course")];
            var (code, output, error) = Finished(new(words[0], words[1..]), folder.Path);
            Assert.Equal((1, "", $"course: you may not write to {root}, so it cannot be built. {advice}\n"), (code, output, error));
        }
        finally
        {
            foreach (var open in new[] { folder.Path, root, Path.Combine(root, "commands"), Path.Combine(root, "commands", "bin"), folder["programs"] })
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(open, (UnixFileMode)Convert.ToInt32("755", 8));
        }
    }

    [Fact]
    public void TwoRunsInOneCheckoutBuildOneAfterTheOther()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/flock") || File.Exists("/bin/flock"), "without flock nobody waits");
        Program("dotnet", $"#!/bin/sh\n[ \"$1\" = build ] && {{ echo begins >> '{folder["builds"]}'; sleep 0.3; echo ends >> '{folder["builds"]}'; exit 0; }}\necho \"$@\"\n");
        Parallel.For(0, 3, _ => Assert.Equal(0, Run(Path.Combine(root, "course"), "doctor").Code));
        Assert.Equal(Enumerable.Repeat<string[]>(["begins", "ends"], 3).SelectMany(build => build), File.ReadAllLines(folder["builds"]));
    }

    public void Dispose() => folder.Dispose();

    private (int Code, string Output, string Error) Run(string script, params string[] arguments) => Run(script, folder.Path, prebuilt: false, fails: false, arguments);

    private (int Code, string Output, string Error) Run(string script, string home, bool prebuilt, bool fails = false, params string[] arguments)
    {
        File.WriteAllText(Path.Combine(root, "commands", "bin", "ImageGen.Course.dll"), "");
        return Finished(new("/bin/sh", [script, .. arguments]), home, prebuilt, fails);
    }

    private (int Code, string Output, string Error) Finished(ProcessStartInfo start, string home, bool prebuilt = false, bool fails = false)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError, start.WorkingDirectory) = (true, true, folder.Path);
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
