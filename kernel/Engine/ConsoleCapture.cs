using System.Reflection;
using System.Text;
using Microsoft.DotNet.Interactive;

namespace ImageGen.Kernel.Engine;

/// <summary>Sends what is written to the console to the cell that writes it; outside cells nothing changes.</summary>
internal sealed class ConsoleCapture : TextWriter
{
    private static readonly Lock Gate = new();
    private static bool installed;

    private readonly TextWriter outside;
    private readonly bool isError;

    private ConsoleCapture(TextWriter outside, bool isError)
    {
        (this.outside, this.isError) = (outside, isError);
        CoreNewLine = ['\n'];
    }

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Takes over the console once a process, and makes reading from it end at once rather than wait.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (installed) return;
            Replace("s_out", Console.SetOut, new ConsoleCapture(Console.Out, isError: false));
            Replace("s_error", Console.SetError, new ConsoleCapture(Console.Error, isError: true));
            Console.SetIn(TextReader.Null);
            installed = true;
        }
    }

    // Console.SetOut wraps a writer in one that takes a lock in a synchronized method, and a thread that is aborted there
    // leaves the lock taken for good (seen on .NET 10: one interrupt of a printing loop, and nothing prints any more).
    // This writer needs no lock, so it goes in bare.
    private static void Replace(string field, Action<TextWriter> set, ConsoleCapture writer)
    {
        set(writer);
        typeof(Console).GetField(field, BindingFlags.NonPublic | BindingFlags.Static)?.SetValue(null, writer);
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(new string(buffer));

    public override void Write(string? value)
    {
        if (string.IsNullOrEmpty(value)) return;
        if (KernelInvocationContext.Current is { } cell) cell.Emit(new StreamOutput(isError, value));
        else outside.Write(value);
    }

    public override void WriteLine() => Write("\n");

    public override void WriteLine(string? value) => Write(value + "\n");

    public override void Flush() => outside.Flush();
}
