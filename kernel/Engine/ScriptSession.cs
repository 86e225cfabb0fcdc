using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Scripting;

namespace ImageGen.Kernel.Engine;

/// <summary>What one piece of C# came to.</summary>
/// <param name="Errors">Why it did not compile; empty when it ran.</param>
/// <param name="HasValue">Whether it ended in an expression with a value.</param>
/// <param name="State">What it leaves behind; null when it did not compile.</param>
internal sealed record ScriptOutcome(IReadOnlyList<Diagnostic> Errors, bool HasValue, ScriptState<object>? State)
{
    /// <summary>
    /// What the compiler advises against though it compiles; only where that is nearly always a mistake.
    /// </summary>
    public IReadOnlyList<Diagnostic> Warnings { get; init; } = [];

    /// <summary>The value of its last expression.</summary>
    public object? Value => State?.ReturnValue;

    /// <summary>What it threw.</summary>
    public Exception? Thrown => State?.Exception;
}

/// <summary>The C# of a notebook: each piece sees the variables, types and usings of those before it.</summary>
internal sealed class ScriptSession
{
    private static readonly string[] Imports =
    [
        "System", "System.Text", "System.Collections", "System.Collections.Generic", "System.Threading.Tasks", "System.Linq",
        "Microsoft.DotNet.Interactive", "Microsoft.DotNet.Interactive.Kernel", "Microsoft.DotNet.Interactive.Formatting",
    ];

    // Forgotten await; code never reached; a value compared with or assigned to itself; `=` for `==`; a comparison that
    // is always the same; a name that is out of date; a switch that forgets a case.
    private static readonly HashSet<string> Advice =
        ["CS4014", "CS0162", "CS1717", "CS1718", "CS0665", "CS0472", "CS0652", "CS0618", "CS8509"];

    private readonly string folder;
    private readonly HashSet<MetadataReference> known;
    private ScriptOptions options;
    private ScriptState<object> state;

    /// <summary>Starts empty. Takes most of a second the first time in a process.</summary>
    public ScriptSession(string folder, References references)
    {
        this.folder = folder;
        options = ScriptOptions.Default
            .WithReferences(references.Default())
            .WithMetadataResolver(references)
            .WithSourceResolver(new GuardedSources(folder))
            .WithLanguageVersion(LanguageVersion.Latest)
            .WithOptimizationLevel(OptimizationLevel.Release)
            .WithEmitDebugInformation(true) // line numbers in exceptions
            .WithFileEncoding(Encoding.UTF8)
            .WithAllowUnsafe(true)
            .WithImports(Imports);
        state = CSharpScript.Create<object>("", options).RunAsync().GetAwaiter().GetResult();
        // Later pieces inherit the usings and references of those before them. Repeated references would add up: after
        // 1,000 cells each piece carries 170,000 of them, and the process 4 GB.
        known = [.. options.MetadataReferences];
        options = options.WithImports().WithReferences(Array.Empty<MetadataReference>());
        WarmUp();
    }

    /// <summary>The last piece that ran, which leads to all before it: for completion.</summary>
    public Script Last => state.Script;

    /// <summary>What the pieces so far hold, the oldest first; a name may be there several times.</summary>
    public IEnumerable<ScriptVariable> Variables => state.Variables;

    /// <summary>Adds references for all pieces from now on.</summary>
    public void Add(IReadOnlyList<MetadataReference> references)
    {
        var added = references.Where(known.Add).ToArray();
        if (added.Length > 0) options = options.AddReferences(added);
    }

    /// <summary>Compiles and runs a piece.</summary>
    public async Task<ScriptOutcome> RunAsync(string code, string name, CancellationToken cancellationToken)
    {
        var script = state.Script.ContinueWith<object>(code, options.WithFilePath(Path.Combine(folder, name)));
        Diagnostic[] errors, advice = [];
        try
        {
            var all = script.Compile(cancellationToken);
            errors = [.. all.Where(d => d.Severity == DiagnosticSeverity.Error)];
            advice = [.. all.Where(d => d.Severity == DiagnosticSeverity.Warning && Advice.Contains(d.Id))];
        }
        catch (CompilationErrorException error) { errors = [.. error.Diagnostics]; }
        if (errors.Length > 0) return new ScriptOutcome(errors, false, null);
        if (CallChecks.Write(script.GetCompilation()) is { } checkedCode
           
               
                   
                       
                           
                               
                                   
                                       
                                           
                                               
                                                   
                                                       
                                                           
                                                               
                                                                    && state.Script.ContinueWith<object>(
                                                                        checkedCode,
                                                                        options.WithFilePath(
                                                                            Path.Combine(folder, name))) is var safer
            && !safer.Compile(cancellationToken).Any(d => d.Severity == DiagnosticSeverity.Error))
            script = safer;

        var next = await script.RunFromAsync(state, catchException: _ => true, cancellationToken);
        return new ScriptOutcome([], next.Exception is null && EndsInValue(script.GetCompilation()), next) { Warnings = advice };
    }

    /// <summary>
    /// Makes what a piece left behind the state of all later ones. What it set before throwing counts too.
    /// </summary>
    public void Keep(ScriptOutcome outcome)
    {
        if (outcome.State is null) return;
        state = outcome.State;
        options = options.WithReferences(Array.Empty<MetadataReference>());
    }

    // A last expression without its semicolon, unless its type is void.
    private static bool EndsInValue(Compilation compilation)
    {
        var tree = compilation.SyntaxTrees.Last();
        return tree.GetCompilationUnitRoot().Members.LastOrDefault() is GlobalStatementSyntax
            {
                Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true, Expression: var expression },
            }
           
               
                   
                       
                           
                               
                                    && compilation.GetSemanticModel(tree)
                                        .GetTypeInfo(expression).Type is { SpecialType: not SpecialType.System_Void };
    }

    // A cell that uses the common machinery, so that the first real one does not pay for its compilation to machine
    // code.
    private void WarmUp() => state.ContinueWithAsync<object>(
        "var warm = await Task.FromResult(1); var squares = new[] { warm }.Select(x => x * x).ToList(); "
            + "Math.Max(squares[0], 2)",
        options.WithFilePath("[0]")).GetAwaiter().GetResult();
}
