using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.DotNet.Interactive;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Where a cell's own code can be stopped: the engine writes a call of <see cref="Check"/> into every loop and every
/// function body of a cell.
/// </summary>
/// <remarks>
/// .NET's way to abort a thread, ControlledExecution, was tried first. On Linux it ends the process in about every
/// second interrupt of a loop that calls anything (PAL_SEHException; .NET 10), and leaves locks taken in others.
/// </remarks>
public static class CellGuard
{
    private const string Call = "global::ImageGen.Kernel.Engine.CellGuard.Check();";

    private static int stopping;

    /// <summary>Ends the cell that calls it, if the student has interrupted that cell.</summary>
    /// <exception cref="OperationCanceledException">The cell is to stop.</exception>
    public static void Check()
    {
        // One comparison for every turn of every loop; all else only while some cell is being stopped.
        if (Volatile.Read(ref stopping) > 0) Stop();
    }

    /// <summary>Makes <see cref="Check"/> look, until the matching <see cref="Lower"/>.</summary>
    internal static void Raise() => Interlocked.Increment(ref stopping);

    internal static void Lower() => Interlocked.Decrement(ref stopping);

    /// <summary>Writes the calls into code. Lines stay as they are; columns move.</summary>
    /// <param name="code">C# of a cell. What does not parse comes back unchanged.</param>
    /// <returns>The code, and what was written into it where, by place in the code as it came.</returns>
    internal static (string Code, IReadOnlyList<(int At, int Length)> Insertions) Add(string code)
    {
        var root = CSharpSyntaxTree.ParseText(code, CellParser.Options).GetRoot();
        if (root.ContainsDiagnostics) return (code, []);
        var insertions = root.DescendantNodes().SelectMany(Places).OrderBy(place => place.At).ToArray();
        var guarded = new System.Text.StringBuilder(code);
        foreach (var (at, text) in insertions.Reverse()) guarded.Insert(at, text);
        return (guarded.ToString(), [.. insertions.Select(place => (place.At, place.Text.Length))]);
    }

    private static IEnumerable<(int At, string Text)> Places(Microsoft.CodeAnalysis.SyntaxNode node) => node switch
    {
        WhileStatementSyntax loop => Into(loop.Statement),
        DoStatementSyntax loop => Into(loop.Statement),
        ForStatementSyntax loop => Into(loop.Statement),
        CommonForEachStatementSyntax loop => Into(loop.Statement),
        BaseMethodDeclarationSyntax { Body: { } body } => Into(body),
        LocalFunctionStatementSyntax { Body: { } body } => Into(body),
        AnonymousFunctionExpressionSyntax { Block: { } body } => Into(body),
        LabeledStatementSyntax label => [(label.ColonToken.Span.End, Call)], // a loop made of goto
        _ => [],
    };

    private static (int At, string Text)[] Into(StatementSyntax body) => body is BlockSyntax block
        ? [(block.OpenBraceToken.Span.End, Call)]
        : [(body.SpanStart, "{" + Call), (body.Span.End, "}")];

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Stop()
    {
        if (KernelInvocationContext.Current is { IsStopped: true })
            throw new OperationCanceledException("The cell was interrupted.");
    }
}
