using ImageGen.Course.Checking;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests.Commands;

/// <summary>What the archived .NET Interactive cannot run is found before a student finds it.</summary>
public sealed class UpstreamTests
{
    [Theory]
    [InlineData("static class More { extension(string s) { public int Twice => 2 * s.Length; } }", "an extension block")]
    [InlineData("namespace Flowers { class Rose { } }", "declares a namespace")]
    [InlineData("using var file = System.IO.File.OpenRead(\"x\");", "`using var` outside of a block")]
    [InlineData("#!javascript\nalert(1)", "'#!javascript'")]
    [InlineData("var shown = display(1); shown.Update(2);", "updates what display(…) returned")]
    [InlineData("display(1).Update(2);", "updates what display(…) returned")]
    [InlineData("var shown = 1.Display(); shown.Update(2);", "updates what display(…) returned")]
    [InlineData("KernelInvocationContext.Current.Display(1);", "without `using Microsoft.DotNet.Interactive;`")]
    [InlineData("Formatter.Register<int>(n => \"\", \"text/plain\");", "without `using Microsoft.DotNet.Interactive.Formatting;`")]
    [InlineData("Microsoft.DotNet.Interactive.KernelInvocationContext.Current.ClearOutput();", "calls ClearOutput")]
    [InlineData("var name = Console.ReadLine();", "reads from the console")]
    [InlineData("ImageGen.Kernel.Engine.CellGuard.Check();", "the kernel's own code")]
    [InlineData("string? name = null;", "writes string?")]
    [InlineData("int[]? numbers = null;", "writes int[]?")]
    [InlineData("Tensor? image = null;", "writes Tensor?")]
    [InlineData("class Rose { } Rose? rose = null;", "writes Rose?")]
    [InlineData("List<int>? numbers = null;", "writes List<int>?")]
    public void What_only_our_kernel_runs_is_found(string code, string expected)
    {
        var (what, remedy) = Assert.Single(UpstreamChecks.Faults(code, []));
        Assert.Contains(expected, what);
        Assert.NotEmpty(remedy);
    }

    [Theory]
    [InlineData("#r \"../bin/ImageGen.Lib.dll\"\n#r \"nuget: Humanizer.Core, 3.0.1\"\nusing static TorchSharp.torch; using Real = System.Double;")]
    [InlineData("double? number = null; int? count = null; DateTime? day = null; (int, int)? pair = null; Guid? id = null;")]
    [InlineData("#nullable enable\nstring? name = null;")]
    [InlineData("record Dot(int Across); var dots = (List<Dot>)[new(1), new(2)]; int[] all = [1, .. dots.Select(d => d.Across)];")]
    [InlineData("var (a, b) = (1, 2); await Task.Delay(1); foreach (var x in new[] { a, b }) { using var file = new System.IO.MemoryStream(); }")]
    [InlineData("class Box<T>(T value) { public T Value => value; } var text = \"\"\"raw {x}\"\"\"; text is ['r', ..]")]
    [InlineData("#!time\n1 + 1")]
    [InlineData("class Half { public int Whole { get => field * 2; set; } }")] // C# 14
    [InlineData("var list = new List<int>(); list?.Capacity = 5;")] // C# 14
    [InlineData("nameof(List<>)")] // C# 14
    [InlineData("delegate bool Try(string s, out int n); Try t = (s, out n) => int.TryParse(s, out n);")] // C# 14
    [InlineData("partial class P { public partial P(); public partial P() { } }")] // C# 14
    [InlineData("class Sum { int n; public void operator +=(int more) => n += more; }")] // C# 14
    [InlineData("void Many(params IReadOnlyList<int> numbers) { } System.Threading.Lock gate = new(); lock (gate) { }")] // C# 13
    [InlineData("#!markdown\n# A *title*\n#!csharp\ndisplay(1); HTML(\"<b>x</b>\").Display(); \"x\".DisplayAs(\"text/plain\");")]
    [InlineData("using Microsoft.DotNet.Interactive;\nvar shown = KernelInvocationContext.Current.Display(1); shown.Update(2);")]
    [InlineData("var shown = Microsoft.DotNet.Interactive.KernelInvocationContext.Current.Display(1); shown.Update(2);")]
    [InlineData("view.Update(5); ClearOutput(); var Formatted = 1; \"namespace X { }\"")]
    public void What_both_kernels_run_is_left_alone(string code) => Assert.Empty(UpstreamChecks.Faults(code, []));

    [Fact]
    public void A_namespace_opened_in_an_earlier_cell_counts()
    {
        HashSet<string> opened = [];
        Assert.Empty(UpstreamChecks.Faults("using Microsoft.DotNet.Interactive;", opened));
        Assert.Empty(UpstreamChecks.Faults("KernelInvocationContext.Current.Display(1);", opened));
    }
}
