using Microsoft.DotNet.Interactive;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Reads from whoever looks at the running cell; where nobody can answer, input has ended. It never waits on the
/// process's own input.
/// </summary>
internal sealed class ConsoleInput : TextReader
{
    private readonly AsyncLocal<Rest?> rest = new();

    public override string? ReadLine()
    {
        if (rest.Value is not { } line || line.At >= line.Text.Length)
            return KernelInvocationContext.Current?.ReadLine();
        rest.Value = null;
        return line.Text[line.At..].TrimEnd('\n');
    }

    public override int Peek() => Current() is { } line ? line.Text[line.At] : -1;

    public override int Read() => Current() is { } line ? line.Text[line.At++] : -1;

    // Character by character a line is asked for once and then used up.
    private Rest? Current()
    {
        if (rest.Value is { } line && line.At < line.Text.Length) return line;
        if (KernelInvocationContext.Current?.ReadLine() is not { } asked) return null;
        return rest.Value = new Rest(asked + "\n");
    }

    private sealed class Rest(string text)
    {
        public string Text { get; } = text;

        public int At { get; set; }
    }
}
