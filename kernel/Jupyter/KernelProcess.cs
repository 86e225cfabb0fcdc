using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Kernel.Jupyter;

/// <summary>The kernel as a process: from its connection file to its end, which always comes.</summary>
internal static class KernelProcess
{
    private static readonly TimeSpan PatienceForEnd = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Serves one notebook until a client ends it, the process that started it is gone, or the system asks.
    /// </summary>
    /// <param name="connectionFile">The file that Jupyter passes.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string connectionFile)
    {
        KernelServer server;
        var mark = new CrashMark(connectionFile);
        try { server = new KernelServer(ConnectionFile.Read(connectionFile), mark.FoundNotice); }
        catch (NotebookException error)
        {
            KernelLog.Write(error.Message);
            return 1;
        }
        server.Executions.Started += mark.Set;
        server.Executions.Ended += mark.Clear;

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            signal.Cancel = true;
            server.Interrupt();
        });
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            server.Stop();
        });
        using var hangUp = OperatingSystem.IsWindows()
            ? null
            : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            server.Stop();
        });
        ParentWatch.Start(server.Stop);

        var ending = false;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            mark.Clear();
            if (ending) return;
            const string Line = "The cell called Environment.Exit, which ends the kernel itself: all variables are "
                + "gone. Remove the call; a cell ends by itself.";
            server.LastWords(new ErrorOutput("EnvironmentExit", Line, null, Line));
            KernelLog.Write("A cell called Environment.Exit.");
            server.Dispose();
        };
        // An exception on a thread that a cell started would end the process, and all the student has made with it.
        ExceptionHandling.SetUnhandledExceptionHandler(error =>
        {
            Console.Error.WriteLine($"A thread that a cell started failed: {error.GetType().Name}: {error.Message}");
            return true;
        });

        await server.Shutdown;
        ending = true;
        EndSurely();
        server.Interrupt();
        server.Dispose();
        mark.Clear();
        // A cell that does not end, or a thread that one left behind, must not keep the process.
        Environment.Exit(0);
        return 0;
    }

    // Whatever native code or a library's last wish holds the process up: its end is not theirs to decide.
    private static void EndSurely() => new Thread(() =>
    {
        Thread.Sleep(PatienceForEnd);
        KernelLog.Write("The kernel did not end by itself and is ended.");
        Process.GetCurrentProcess().Kill();
    }) { IsBackground = true, Name = "end" }.Start();
}
