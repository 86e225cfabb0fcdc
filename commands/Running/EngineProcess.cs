using System.Diagnostics;
using System.IO.Pipes;
using System.Text.Json;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;
using ImageGen.Runtime;

namespace ImageGen.Course.Running;

/// <summary>The runner's side of a lesson's process; see <see cref="EngineHost"/>.</summary>
internal sealed class EngineProcess : IAsyncDisposable
{
    private const int KeptLines = 40;
    private static readonly string[] Farewells =
        ["Stack overflow", "Process terminated.", "Unhandled exception.", "Fatal error."];
    private static readonly TimeSpan PatienceForStop = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private readonly NamedPipeServerStream pipe;
    private readonly StreamReader reader;
    private readonly Queue<string> chatter = new();

    private EngineProcess(Process process, NamedPipeServerStream pipe)
    {
        (this.process, this.pipe) = (process, pipe);
        reader = new StreamReader(pipe, leaveOpen: true);
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The most memory the process was seen to have, in bytes.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Whether the process can run another cell.</summary>
    public bool IsAlive { get; private set; } = true;

    /// <summary>Starts a process in a notebook's folder.</summary>
    /// <param name="folder">Its working directory.</param>
    /// <param name="environment">Variables on top of this process's own; null takes one away.</param>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="CourseException">The process ended before it was ready.</exception>
    public static async Task<EngineProcess> StartAsync(
        string folder, IReadOnlyDictionary<string, string?> environment, CancellationToken cancellationToken)
    {
        var name = $"imagegen-{Environment.ProcessId}-{Guid.NewGuid():N}"[..32];
        var pipe = new NamedPipeServerStream(
            name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte,
            PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        var start = new ProcessStartInfo("dotnet", [typeof(EngineHost).Assembly.Location, "host", name])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (variable, value) in environment) start.Environment[variable] = value;
        var process = Process.Start(start) ?? throw new CourseException("The dotnet command did not start.");
        var engine = new EngineProcess(process, pipe);
        try
        {
            var connected = pipe.WaitForConnectionAsync(cancellationToken);
            if (await Task.WhenAny(connected, process.WaitForExitAsync(cancellationToken)) == connected)
                await connected;
            else throw new CourseException($"The notebook's process ended before its first cell. {engine.LastWords()}");
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a cell.</summary>
    /// <param name="number">The number of this cell, from 1, counting those sent before.</param>
    /// <param name="code">Its text.</param>
    /// <param name="timeout">When to stop it; null never.</param>
    /// <param name="onOutput">Takes outputs of this cell and late ones of earlier cells.</param>
    /// <param name="cancellationToken">Ends the process.</param>
    public async Task<HostEnd> ExecuteAsync(
        int number, string code, TimeSpan? timeout, Action<int, CellOutput> onOutput, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var timedOut = false;
        using var kill = cancellationToken.Register(Kill);
        using var stop = new Timer(_ =>
        {
            // First as a student would, then for good.
            if (timedOut) Kill();
            else _ = SendAsync(new HostRequest(null));
            timedOut = true;
        });

        HostEnd? ended = null;
        try
        {
            await SendAsync(new HostRequest(code));
            while (ended is null && await reader.ReadLineAsync(CancellationToken.None) is { } line)
            {
                var report = JsonSerializer.Deserialize(line, HostJson.Default.HostReport)!;
                if (report is { Output: null, Ended: null } && timeout is { } time) stop.Change(time, PatienceForStop);
                // A stop on time-out is told below, in the runner's own words.
                if (report.Output is { } output && !(timedOut && output is ErrorOutput)) onOutput(report.Cell, output);
                if (report.Cell == number) ended = report.Ended;
            }
        }
        catch (IOException) { } // The process died: told below.
        cancellationToken.ThrowIfCancellationRequested();

        PeakBytes = Math.Max(PeakBytes, ended?.PeakBytes ?? 0);
        IsAlive = ended is { Status: not CellStatus.Abandoned };
        ErrorOutput? error = null;
        if (timedOut)
            error = Said("Timeout", $"This cell took longer than {timeout!.Value.TotalSeconds:0.#} s and was stopped. "
                + $"Give it more with --timeout, or make it do less.");
        else if (ended is null) error = Said("ProcessDied", $"The notebook's process ended in this cell. "
            + $"{await DeathAsync()}");
        if (error is null) return ended!;
        onOutput(number, error);
        return new HostEnd(CellStatus.Failed, watch.Elapsed.TotalSeconds, PeakBytes, error);
    }

    public async ValueTask DisposeAsync()
    {
        IsAlive = false;
        reader.Dispose();
        await pipe.DisposeAsync();
        // The closed pipe ends the process; one that does not listen is ended.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { Kill(); }
        process.Dispose();
    }

    private static ErrorOutput Said(string name, string message) => new(name, message, null, message);

    private async Task SendAsync(HostRequest request)
    {
        try
        {
            await pipe.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(request, HostJson.Default.HostRequest));
            await pipe.WriteAsync("\n"u8.ToArray());
        }
        catch (IOException) { } // The process died: reading tells.
    }

    private void Kill()
    {
        try { process.Kill(entireProcessTree: true); }
        catch (InvalidOperationException) { } // It has ended by itself.
    }

    private async Task<string> DeathAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { return "It closed its connection."; }
        var reason = process.ExitCode switch
        {
            0 => "Something in it called Environment.Exit.",
            137 => "The system ended it: most likely memory ran out. Try a smaller --scale.",
            134 => "A call into a native library ended it, one that does not guard against arguments that do not fit: "
                + "look for it in the cell.",
            139 => "Native code crashed it (segmentation fault): look for an unusual call in the cell.",
            var code => $"Exit code {code}.",
        };
        return $"{reason} {LastWords()}".Trim();
    }

    // The runtime says on standard error why it stops.
    private string LastWords()
    {
        lock (chatter)
        {
            string[] lines = [.. chatter];
            // A C++ exception that nobody caught: what it says names the shapes.
            if (lines.LastOrDefault(line => line.TrimStart().StartsWith("what():", StringComparison.Ordinal)) is { } what)
                return what.TrimStart()["what():".Length..].Trim();
            var at = Array.FindLastIndex(
                lines, line => Farewells.Any(farewell => line.StartsWith(farewell, StringComparison.Ordinal)));
            // "Process terminated." stands alone; the reason is in the line after it.
            return at < 0 ? "" : lines[at].TrimEnd() is "Process terminated."
                && at + 1 < lines.Length ? lines[at + 1].Trim() : lines[at].Trim();
        }
    }

    private void Keep(object sender, DataReceivedEventArgs e)
    {
        // A stack overflow prints thousands of frames; the line before them says it all.
        if (e.Data is not { Length: > 0 } line || line.StartsWith("   at ", StringComparison.Ordinal)) return;
        lock (chatter)
        {
            chatter.Enqueue(line);
            if (chatter.Count > KeptLines) chatter.Dequeue();
        }
    }
}
