using System.Text;
using ImageGen.Kernel.Outputs;
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

    /// <summary>Takes over the console once a process, and makes reading from it ask the cell's front end.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (installed) return;
            Console.SetOut(new ConsoleCapture(Console.Out, isError: false));
            Console.SetError(new ConsoleCapture(Console.Error, isError: true));
            Console.SetIn(new ConsoleInput());
            installed = true;
        }
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
