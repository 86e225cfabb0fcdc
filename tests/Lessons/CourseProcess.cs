using System.Diagnostics;
using System.Text;

namespace ImageGen.Tests;

/// <summary>What a program printed and how it ended.</summary>
internal sealed record ProcessResult(int ExitCode, string Output)
{
    public ProcessResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}:\n{Output}");
        return this;
    }
}

/// <summary>Runs programs as a person would, with a limit on their time.</summary>
internal static class CourseProcess
{
    /// <summary>A command of the course, by the program that lies beside the tests.</summary>
    public static Task<ProcessResult> CourseAsync(TimeSpan limit, params string[] arguments) =>
        RunAsync(limit, "dotnet", [Path.Combine(AppContext.BaseDirectory, "ImageGen.Course.dll"), .. arguments]);

    /// <summary>Any program.</summary>
    public static async Task<ProcessResult> RunAsync(TimeSpan limit, string program, params string[] arguments)
    {
        using var process = new Process { StartInfo = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var timeout = new CancellationTokenSource(limit);
        try { await process.WaitForExitAsync(timeout.Token); }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within {limit.TotalMinutes:0} minutes:\n{output}");
        }
        return new(process.ExitCode, output.ToString());

        void Append(string? line)
        {
            lock (output)
                if (line is not null) output.AppendLine(line);
        }
    }
}
