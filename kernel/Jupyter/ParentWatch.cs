using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace ImageGen.Kernel.Jupyter;

/// <summary>Notices that the process which started the kernel is gone: nobody else would ever end it.</summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Watches the process that Jupyter names in JPY_PARENT_PID, if it names one.</summary>
    public static void Start(Action gone)
    {
        if (!long.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), out var parent) || parent <= 1) return;
        // On Windows Jupyter passes an inherited handle, elsewhere the process id.
        var watch = OperatingSystem.IsWindows() ? (Action)(() => WaitForHandle((nint)parent)) : () =>
            WaitForProcess((int)parent);
        new Thread(() =>
        {
            watch();
            KernelLog.Write("The process that started this kernel is gone: ending.");
            gone();
        }) { IsBackground = true, Name = "parent watch" }.Start();
    }

    private static void WaitForProcess(int id)
    {
        try
        {
            while (true)
            {
                using (var process = Process.GetProcessById(id))
                    if (process.HasExited) return;
                Thread.Sleep(Pause);
            }
        }
        catch (ArgumentException) { } // There is no such process.
    }

    private static void WaitForHandle(nint handle)
    {
        using var wait = new ManualResetEvent(false) { SafeWaitHandle = new SafeWaitHandle(handle, ownsHandle: false) };
        wait.WaitOne();
    }
}
