using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ImageGen.Kernel.Engine;

namespace ImageGen.Tests.Jupyter;

/// <summary>Starts kernel processes, on ports that are free.</summary>
internal static class KernelStart
{
    private static string KernelDll => typeof(NotebookEngine).Assembly.Location;

    /// <summary>Starts a kernel process as Jupyter does.</summary>
    public static Process Kernel(string connectionFile, string workingDirectory, IDictionary<string, string>? environment, Action<string> log)
    {
        var start = Dotnet.With(KernelDll, "start", connectionFile);
        start.WorkingDirectory = workingDirectory;
        start.RedirectStandardError = start.RedirectStandardOutput = start.RedirectStandardInput = true;
        // Should the tests be killed, their kernels go too.
        start.Environment["JPY_PARENT_PID"] = $"{Environment.ProcessId}";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, e) => { if (e.Data is { } line) log(line); };
        process.OutputDataReceived += (_, e) => { if (e.Data is { } line) log(line); };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    /// <summary>Ports that nobody listened at a moment ago.</summary>
    public static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners) listener.Start();
        var ports = listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners) listener.Stop();
        return ports;
    }
}
