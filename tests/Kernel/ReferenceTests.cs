using System.IO.Compression;
using ImageGen.Kernel.Engine;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ImageGen.Tests.Kernel;

/// <summary><c>#r</c>: files, assemblies of the host, and packages from a feed made here, so that no network is needed.</summary>
public sealed class ReferenceTests : IDisposable
{
    private readonly EngineRun run = new();

    public void Dispose() => run.Dispose();

    [Fact]
    public async Task A_dll_beside_the_notebook_can_be_used()
    {
        var name = Compile("public static class Shapes { public static int Sides(string s) => s.Length; }");
        Assert.Equal("4", await run.Value($"#r \"{name}.dll\"\nShapes.Sides(\"quad\")"));
    }

    [Fact]
    public async Task A_dll_finds_its_neighbor_by_itself()
    {
        var inner = Compile("public class Inner { public int Value = 5; }");
        var outer = Compile("public class Outer { public Inner Get() => new Inner(); }", Path.Combine(run.Folder, inner + ".dll"));
        Assert.Equal("5", await run.Value($"#r \"{outer}.dll\"\nnew Outer().Get().Value"));
    }

    [Fact]
    public async Task A_reference_after_code_counts_for_the_whole_cell()
    {
        var name = Compile("public static class Late { public static int One = 1; }");
        Assert.Equal("2", await run.Value($"var one = 1;\n#r \"{name}.dll\"\none + Late.One"));
    }

    [Fact]
    public async Task An_assembly_of_the_host_is_the_hosts_own()
    {
        // A copy elsewhere, as bin/ is beside commands/bin/: the same types, or the library's static state would be there twice.
        var copy = Path.Combine(run.Folder, "ImageGen.Lib.dll");
        File.Copy(typeof(ImageGen.Runtime.Scales).Assembly.Location, copy);
        Assert.Equal(typeof(ImageGen.Runtime.Scales).Assembly.Location, await run.Value("#r \"ImageGen.Lib.dll\"\ntypeof(ImageGen.Runtime.Scales).Assembly.Location"));
    }

    [Fact]
    public async Task Tensors_work_in_cells()
    {
        await run.Ok($"#r \"{typeof(TorchSharp.torch).Assembly.Location}\"\nusing static TorchSharp.torch;");
        Assert.Equal("6", await run.Value("ones(2, 3).sum().item<float>()"));
    }

    [Theory]
    [InlineData("none.dll", "there is no such file")]
    [InlineData("text.dll", "is not a .NET assembly")]
    public async Task A_reference_that_cannot_be_is_one_line(string name, string message)
    {
        run.Write("text.dll", "not an assembly");
        var error = await run.Fails($"var x = 1;\n#r \"{name}\"");
        Assert.Contains(message, error.Text);
        Assert.DoesNotContain('\n', error.Text);
        Assert.Equal(2, error.Line);
    }

    [Fact]
    public async Task A_package_of_a_local_feed_is_restored_with_what_it_depends_on()
    {
        Feed(("Base.Shapes", "public class Base { public string Name => \"base\"; }", null),
            ("More.Shapes", "public class More : Base { }", "Base.Shapes"));
        Assert.Equal("base", await run.Value("#r \"nuget: More.Shapes, 1.0.0\"\nnew More().Name"));
        Assert.Equal("base", await run.Value("new Base().Name"));
    }

    [Fact]
    public async Task A_package_without_a_version_is_the_newest()
    {
        Feed(("Newest.Shapes", "public static class Newest { public static int V = 1; }", null));
        Assert.Equal("1", await run.Value("#r \"nuget:Newest.Shapes\"\nNewest.V"));
    }

    [Fact]
    public async Task A_source_can_be_added_in_a_cell()
    {
        Feed(("Added.Shapes", "public static class Added { public static int V = 3; }", null), inConfig: false);
        Assert.Equal("3", await run.Value("#i \"nuget: feed\"\n#r \"nuget: Added.Shapes, 1.0.0\"\nAdded.V"));
    }

    [Fact]
    public async Task A_package_that_does_not_exist_is_one_line()
    {
        Feed();
        var error = await run.Fails("#r \"nuget: No.Such.Package.Anywhere, 1.2.3\"");
        Assert.Contains("'No.Such.Package.Anywhere, 1.2.3' could not be restored", error.Text);
        Assert.DoesNotContain('\n', error.Text);
        Assert.Equal("2", await run.Value("1 + 1"));
    }

    [Fact]
    public async Task What_a_package_brings_for_notebooks_runs_with_its_first_reference()
    {
        Feed(("Ringing.Shapes", """
            namespace Microsoft.DotNet.Interactive { public interface IKernelExtension { System.Threading.Tasks.Task OnLoadAsync(object kernel); } }
            public class Bell : Microsoft.DotNet.Interactive.IKernelExtension
            {
                public static int Rung;
                public System.Threading.Tasks.Task OnLoadAsync(object kernel) { Rung++; return System.Threading.Tasks.Task.CompletedTask; }
            }
            """, null));
        AddToPackage("Ringing.Shapes", "interactive-extensions/dotnet/extension.dib", """
            #!meta
            {"kernelInfo":{"defaultKernelName":"csharp"}}

            #!markdown
            # for people
            #!csharp
            var fromScript = Bell.Rung + 10;
            """);
        Assert.Equal("1", await run.Value("#r \"nuget: Ringing.Shapes, 1.0.0\"\nBell.Rung"));
        Assert.Equal("11", await run.Value("#r \"nuget: Ringing.Shapes, 1.0.0\"\nfromScript"));
        Assert.Equal("1", await run.Value("Bell.Rung"));
    }

    [Fact]
    public async Task A_package_whose_notebook_script_fails_serves_all_the_same()
    {
        Feed(("Broken.Shapes", "public static class Whole { public static int V = 7; }", null));
        AddToPackage("Broken.Shapes", "interactive-extensions/dotnet/extension.dib", "#!csharp\nNoSuchThing.Load();");
        Assert.Equal("7", await run.Value("#r \"nuget: Broken.Shapes, 1.0.0\"\nWhole.V"));
        Assert.StartsWith("What the package broken.shapes brings for notebooks does not run here: ", run.Text(errors: true));
        Assert.Single(run.Text(errors: true).TrimEnd().Split('\n'));
    }

    private void AddToPackage(string name, string path, string text)
    {
        var file = Path.Combine(run.Folder, "feed", $"{name}.1.0.0.nupkg");
        using var package = ZipFile.Open(file, ZipArchiveMode.Update);
        if (path.EndsWith(".dib", StringComparison.Ordinal))
            package.CreateEntryFromFile(Path.Combine(run.Folder, $"built-{name}.dll"), $"interactive-extensions/dotnet/{name}.dll");
        using var writer = new StreamWriter(package.CreateEntry(path).Open());
        writer.Write(text);
    }

    // Names differ from test to test: a process loads an assembly of a name once.
    private string Compile(string code, params string[] references)
    {
        var name = $"Test{Guid.NewGuid():N}";
        File.WriteAllBytes(Path.Combine(run.Folder, name + ".dll"), Assembly(name, code, references));
        return name;
    }

    private static byte[] Assembly(string name, string code, IEnumerable<string> references)
    {
        var compilation = CSharpCompilation.Create(name, [CSharpSyntaxTree.ParseText(code)],
            [MetadataReference.CreateFromFile(typeof(object).Assembly.Location),
                MetadataReference.CreateFromFile(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "System.Runtime.dll")),
                .. references.Select(file => MetadataReference.CreateFromFile(file))],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return stream.ToArray();
    }

    // A folder of .nupkg files, and a nuget.config that knows no other source and has a cache of its own.
    private void Feed(params (string Name, string Code, string? DependsOn)[] packages) => Feed(packages, inConfig: true);

    private void Feed((string Name, string Code, string? DependsOn) package, bool inConfig) => Feed([package], inConfig);

    private void Feed((string Name, string Code, string? DependsOn)[] packages, bool inConfig)
    {
        var feed = Directory.CreateDirectory(Path.Combine(run.Folder, "feed")).FullName;
        run.Write("nuget.config", $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(run.Folder, "cache")}" /></config>
              <packageSources><clear />{(inConfig ? $"<add key=\"test\" value=\"{feed}\" />" : "")}</packageSources>
            </configuration>
            """);
        var built = new Dictionary<string, string>();
        foreach (var (name, code, dependsOn) in packages)
        {
            var dll = Path.Combine(run.Folder, "built-" + name + ".dll");
            File.WriteAllBytes(dll, Assembly(name, code, built.Values));
            built[name] = dll;
            using var package = ZipFile.Open(Path.Combine(feed, $"{name}.1.0.0.nupkg"), ZipArchiveMode.Create);
            package.CreateEntryFromFile(dll, $"lib/net8.0/{name}.dll");
            using var nuspec = new StreamWriter(package.CreateEntry($"{name}.nuspec").Open());
            var dependency = dependsOn is null ? "" : $"<dependencies><group targetFramework=\"net8.0\"><dependency id=\"{dependsOn}\" version=\"1.0.0\" /></group></dependencies>";
            nuspec.Write($"""
                <?xml version="1.0"?>
                <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
                <metadata><id>{name}</id><version>1.0.0</version><authors>test</authors><description>test</description>{dependency}</metadata>
                </package>
                """);
        }
    }
}
