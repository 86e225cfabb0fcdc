using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text.Json;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;
using ImageGen.Runtime;

namespace ImageGen.Course.Running;

/// <summary>
/// A lesson's own process: an engine that takes cells from a private pipe. A crash, a flood on standard output or a
/// peak of memory stays with the lesson that caused it.
/// </summary>
internal static class EngineHost
{
    /// <summary>Serves until the other side closes the pipe. The working directory is the notebook's folder.</summary>
    public static async Task<int> RunAsync(string pipeName)
    {
        // Ctrl-C goes to every process of a terminal; the runner decides what it means.
        using var ignored = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        await using var pipe = new NamedPipeClientStream(
            ".", pipeName, PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        await pipe.ConnectAsync(10_000);
        // What the lessons' own library says in their process, it says here too.
        AppContext.SetData(CellErrors.ExplainKey, (Func<Exception, string?>)NativeLibraries.Explain);
        var states = Environment.GetEnvironmentVariable(CellStates.Variable) is { } folder
            ? new CellStates(folder)
            : null;
        using var engine =
            new NotebookEngine(Environment.CurrentDirectory) { CellStarting = states is null ? null : states.Enter };
        var warm = engine.WarmUpAsync();

        using var reports = new BlockingCollection<HostReport>(boundedCapacity: 1000);
        var writer = new Thread(() => WriteAll(pipe, reports)) { IsBackground = true, Name = "reports" };
        writer.Start();

        using var reader = new StreamReader(pipe, leaveOpen: true);
        while (await reader.ReadLineAsync() is { } line)
        {
            if (JsonSerializer.Deserialize(line, HostJson.Default.HostRequest)?.Code is not { } code)
                engine.Interrupt();
            else _ = ExecuteAsync(engine, warm, code, reports);
        }
        Environment.Exit(0); // The runner is gone; a cell that still runs goes too.
        return 0;
    }

    private static async Task ExecuteAsync(
        NotebookEngine engine, Task warm, string code, BlockingCollection<HostReport> reports)
    {
        await warm; // The compiler's own start is no cell's time.
        var number = engine.ExecutionCount + 1;
        reports.Add(new HostReport(number));
        var result = await engine.ExecuteAsync(code, new Sink(number, reports));
        using var self = Process.GetCurrentProcess();
        reports.Add(
            new HostReport(
                number,
                Ended: new HostEnd(result.Status, result.Elapsed.TotalSeconds, self.PeakWorkingSet64, result.Error)));
    }

    // One thread writes, so that no message is torn by the abort of a cell.
    private static void WriteAll(Stream pipe, BlockingCollection<HostReport> reports)
    {
        try
        {
            foreach (var report in reports.GetConsumingEnumerable())
            {
                pipe.Write(JsonSerializer.SerializeToUtf8Bytes(report, HostJson.Default.HostReport));
                pipe.WriteByte((byte)'\n');
                pipe.Flush();
            }
        }
        catch (IOException) { Environment.Exit(0); }
    }

    private sealed class Sink(int cell, BlockingCollection<HostReport> reports) : IOutputSink
    {
        public void Write(CellOutput output) => reports.Add(new HostReport(cell, output));
    }
}
