using System.Reflection;
using ImageGen.Display;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ImageGen.Tests;

/// <summary>Stands in for the two kernels: the names are .NET Interactive's, Display is a method of the context or an extension.</summary>
public class CellDisplayTests
{
    private const string Instance = "public Shown Display(object value, params string[] types) => new Shown(value);";
    private const string Extension = """
        public static class KernelInvocationContextExtensions
        {
            public static Shown Display(this KernelInvocationContext context, object value, params string[] types) => new Shown(value);
        }
        """;

    [Theory]
    [InlineData(Instance, "")]
    [InlineData("", Extension)]
    public void ValuesReplaceEachOtherInOnePlace(string inContext, string beside)
    {
        var kernel = Kernel($$"""
            using System.Collections.Generic;
            namespace Microsoft.DotNet.Interactive;
            public class Shown
            {
                public static List<string> Log = new();
                public Shown(object value) => Log.Add("show " + value);
                public void Update(object value) => Log.Add("update " + value);
            }
            public class KernelInvocationContext
            {
                public static KernelInvocationContext Current { get; set; }
                {{inContext}}
            }
            {{beside}}
            """);
        var context = kernel.GetType("Microsoft.DotNet.Interactive.KernelInvocationContext")!;
        var current = context.GetProperty("Current")!;
        Assert.Null(CellDisplay.InRunningCell());
        current.SetValue(null, Activator.CreateInstance(context));
        try
        {
            var place = CellDisplay.InRunningCell();
            Assert.NotNull(place);
            place.Show("a");
            place.Show("b");
        }
        finally
        {
            current.SetValue(null, null);
        }
        Assert.Equal(["show a", "update b"], (List<string>)kernel.GetType("Microsoft.DotNet.Interactive.Shown")!.GetField("Log")!.GetValue(null)!);
    }

    private static Assembly Kernel(string code)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal)).Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create($"Kernel{Guid.NewGuid():N}", [CSharpSyntaxTree.ParseText(code)], references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return Assembly.Load(stream.ToArray());
    }
}
