using System.Text.RegularExpressions;
using ImageGen.Runtime;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ImageGen.Tests;

/// <summary>The house stands: a folder uses those before it in its list, never those after it.</summary>
public sealed class FloorTests
{
    private static readonly string[] Library =
        ["Runtime", "Imaging", "Weights", "Layers", "Data", "Training", "Text", "Vision", "Style", "Gan", "Diffusion", "Adapters", "Metrics", "Display", "Exercises"];

    private static readonly string[] Kernel = ["Outputs", "Interactive", "Engine", "Completion", "Jupyter"];

    private static readonly string[] Commands = ["Notebooks", "Setup", "Running", "Pages", "Publishing", "Checking", "Recipes", "CommandLine"];

    [Fact]
    public void FoldersOfTheLibraryUseThoseBelowThem() => AssertFloors("lib", "ImageGen", Library);

    [Fact]
    public void FoldersOfTheKernelUseThoseBelowThem() => AssertFloors("kernel", "ImageGen.Kernel", Kernel);

    [Fact]
    public void FoldersOfTheCommandsUseThoseBelowThem() => AssertFloors("commands", "ImageGen.Course", Commands);

    [Fact]
    public void TheKernelKnowsNothingOfTheCourse()
    {
        var used = typeof(ImageGen.Kernel.NotebookException).Assembly.GetReferencedAssemblies().Select(name => name.Name!);
        Assert.DoesNotContain(used, name => name.StartsWith("ImageGen", StringComparison.Ordinal) || name is "TorchSharp" or "SkiaSharp");
    }

    [Fact]
    public void TheLibraryKnowsNeitherTheKernelNorTheCommands() =>
        Assert.DoesNotContain(typeof(Folders).Assembly.GetReferencedAssemblies(), name => name.Name is "ImageGen.Kernel" or "ImageGen.Course");

    [Theory]
    [InlineData("lib/Layers")]
    [InlineData("lib/Training")]
    [InlineData("lib/Gan")]
    [InlineData("lib/Diffusion")]
    public void FilesHaveAtMost250LinesOf120Characters(string folder)
    {
        var path = Path.Combine(Folders.Root, folder);
        foreach (var file in Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories))
        {
            var lines = File.ReadAllLines(file);
            var wide = Array.FindIndex(lines, line => line.Length > 120) + 1;
            Assert.True(wide == 0, $"{Path.GetRelativePath(Folders.Root, file)}:{wide} is wider than 120 characters");
            Assert.True(lines.Length <= 250, $"{Path.GetRelativePath(Folders.Root, file)} has {lines.Length} lines");
        }
    }

    [Theory]
    [InlineData("using ImageGen.Gan;", "Gan")]
    [InlineData("using static ImageGen.Gan.GanLosses;", "Gan")]
    [InlineData("using Losses = ImageGen.Gan.GanLosses;", "Gan")]
    [InlineData("class A { ImageGen.Gan.GanModel b; }", "Gan")]
    [InlineData("namespace ImageGen.Text; class A { Gan.GanModel b; }", "Gan")]
    [InlineData("class A { int b = Gan.GanModel.Width; }", "Gan")]
    [InlineData("using ImageGen.Data; class A { string gan = \"Gan.GanModel\"; } // Gan.GanModel", "Data")]
    public void EveryWayToNameAFolderIsSeen(string code, string folder) => Assert.Equal([folder], Used(code, "ImageGen", Library));

    private static void AssertFloors(string root, string space, string[] floors)
    {
        var folder = Path.Combine(Folders.Root, root);
        var wrong = new List<string>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar);
            if (path.Length == 1 || path[0] is "bin" or "obj") continue; // what lies beside the folders ties them together
            var floor = Array.IndexOf(floors, path[0]);
            Assert.True(floor >= 0, $"{root}/{path[0]} has no place in the list of this test");
            foreach (var used in Used(File.ReadAllText(file), space, floors))
                if (Array.IndexOf(floors, used) > floor) wrong.Add($"{root}/{string.Join('/', path)} uses {used}");
        }
        Assert.Empty(wrong);
    }

    // `using` in all its forms, full names, and names that begin with a folder's (`Gan.GanModel` inside ImageGen).
    private static IEnumerable<string> Used(string code, string space, string[] floors)
    {
        var root = CSharpSyntaxTree.ParseText(code).GetRoot();
        var names = root.DescendantNodes().Where(node => node is QualifiedNameSyntax or MemberAccessExpressionSyntax)
            .Where(node => node.Parent is not (BaseNamespaceDeclarationSyntax or QualifiedNameSyntax or MemberAccessExpressionSyntax))
            .Select(node => Regex.Replace(node.ToString(), @"\s", ""));
        foreach (var name in names.Distinct())
        {
            var inside = name.StartsWith("global::", StringComparison.Ordinal) ? name["global::".Length..] : name;
            if (inside.StartsWith(space + ".", StringComparison.Ordinal)) inside = inside[(space.Length + 1)..];
            if (floors.FirstOrDefault(floor => inside == floor || inside.StartsWith(floor + ".", StringComparison.Ordinal)) is { } used
                && (inside != name || Regex.IsMatch(inside, @"^\w+\.[A-Z]\w*"))) yield return used;
        }
    }
}
