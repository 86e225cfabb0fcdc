using System.Text.Json.Nodes;
using System.Xml.Linq;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Checking;
using ImageGen.Course.Pages;
using ImageGen.Course.Running;

namespace ImageGen.Tests.Commands;

/// <summary>The pages: formulas, colors, pictures and links.</summary>
public sealed class PageTests : IDisposable
{
    private readonly TestCourse course = new();

    public void Dispose() => course.Dispose();

    // The expected trees are MathML as its specification writes these formulas.
    [Theory]
    [InlineData("x^2", "<msup><mi>x</mi><mn>2</mn></msup>")]
    [InlineData("x_i^{n+1}", "<msubsup><mi>x</mi><mi>i</mi><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow></msubsup>")]
    [InlineData("\\frac{1}{2}", "<mfrac><mn>1</mn><mn>2</mn></mfrac>")]
    [InlineData("\\sqrt[3]{x}", "<mroot><mi>x</mi><mn>3</mn></mroot>")]
    [InlineData("\\alpha", "<mi>α</mi>")]
    [InlineData("\\mathbb{R}", "<mi>ℝ</mi>")]
    [InlineData("\\mathbf{x}", "<mi>𝐱</mi>")]
    [InlineData("x^23", "<mrow><msup><mi>x</mi><mn>2</mn></msup><mn>3</mn></mrow>")]
    [InlineData("3.14", "<mn>3.14</mn>")]
    [InlineData("f'", "<msup><mi>f</mi><mrow><mo>′</mo></mrow></msup>")]
    [InlineData("\\text{if } x", "<mrow><mtext>if </mtext><mi>x</mi></mrow>")]
    [InlineData("\\xrightarrow{a}", "<mover><mo stretchy=\"true\">→</mo><mi>a</mi></mover>")]
    [InlineData("\\xrightarrow[b]{a}", "<munderover><mo stretchy=\"true\">→</mo><mi>b</mi><mi>a</mi></munderover>")]
    public void A_formula_becomes_mathml(string latex, string expected) =>
        Assert.Equal($"<math>{expected}</math>", MathMl.Render(latex, display: false)!.Replace('\u00a0', ' '));

    [Theory]
    [InlineData("G^l_{ij} = \\frac{1}{C N}\\sum_{k=1}^{N} F^l_{ik} F^l_{jk}")]
    [InlineData("\\hat{x}_0 = \\dfrac{x_t - \\sqrt{1-\\bar\\alpha_t}\\,\\epsilon_\\theta(x_t, t)}{\\sqrt{\\bar\\alpha_t}}")]
    [InlineData("f(x)=\\begin{cases} x & x > 0 \\\\ 0 & \\text{otherwise} \\end{cases}")]
    [InlineData("\\left\\lVert G - A \\right\\rVert_F^2 + \\min_G \\max_D \\mathbb{E}_{x\\sim p}\\left[\\log D(x)\\right]")]
    [InlineData("\\begin{aligned} a &= b \\\\ &= c \\end{aligned}")]
    [InlineData("W' = W + \\underbrace{B A}_{\\text{rank } r}, \\quad B \\in \\mathbb{R}^{d\\times r}")]
    [InlineData("\\operatorname*{arg\\,min}_\\theta \\mathcal{L}(\\theta) \\approx \\bigl( a \\cdot b \\bigr)")]
    public void Formulas_of_a_course_are_understood_and_well_formed(string latex) =>
        XElement.Parse(MathMl.Render(latex, display: true)!);

    [Theory]
    [InlineData("\\unknown{x}")]
    [InlineData("\\frac{1}{")]
    [InlineData("x_")]
    [InlineData("{x")]
    [InlineData("x}")]
    [InlineData("\\left( x")]
    [InlineData("\\begin{matrix} a")]
    public void A_formula_that_is_not_understood_is_shown_as_it_is_written(string latex)
    {
        Assert.Null(MathMl.Render(latex, display: false));
        Assert.Contains("class=\"formula\"", MarkdownRenderer.Formula(latex, display: false));
    }

    [Fact]
    public void A_formula_that_cannot_be_set_is_found() =>
        Assert.Equal(["\\unknown{x}", "\\frac{1}{"], FormulaChecks.Unset("a $x^2$, $\\unknown{x}$\n\n$$\\frac{1}{$$\n\n$$y$$").Select(latex => latex.Trim()));

    [Fact]
    public void Code_is_colored_and_escaped()
    {
        var html = CodeHighlighter.ToHtml("#r \"x.dll\"\nvar list = new List<int>(); // a < b\nforeach (var x in list) Console.WriteLine($\"{x} & {1.5}\");");
        Assert.Contains("<span class=\"d\">#r &quot;x.dll&quot;</span>", html);
        Assert.Contains("<span class=\"k\">var</span>", html);
        Assert.Contains("<span class=\"t\">List</span>", html);
        Assert.Contains("<span class=\"c\">// a &lt; b</span>", html);
        Assert.Contains("<span class=\"t\">Console</span>", html);
        Assert.Contains("<span class=\"m\">WriteLine</span>", html);
        Assert.Contains("<span class=\"n\">1.5</span>", html);
        Assert.Contains("<span class=\"s\"> &amp; </span>", html);
        Assert.Equal("var broken = (", System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Replace(CodeHighlighter.ToHtml("var broken = ("), "<[^>]+>", "")));
    }

    [Fact]
    public void A_page_stands_alone()
    {
        File.WriteAllBytes(Path.Combine(course.Root, "notebooks", "drawn.png"), [1, 2, 3]);
        var path = course.Notebook("00-first.ipynb", "# A & B\n\n![](drawn.png) ![](attachment:own.png) [next](01-second.ipynb#part) [lib](../lib/x.cs) [web](https://example.org)\n\n## Part one\n\n$x^2$\n\n| a | b |\n|---|---|\n| 1 | 2 |",
            [TestCourse.FirstCell]);
        TestCourse.Change(path, n => n["cells"]![0]!["attachments"] = JsonNode.Parse("""{"own.png": {"image/png": "T1dO"}}"""));
        TestCourse.Change(path, n => n["cells"]![1]!["outputs"] = JsonNode.Parse("""
            [{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script>", "image/png": "UE5H"}},
             {"output_type": "error", "ename": "E", "evalue": "<bad>", "traceback": ["E: <bad>"]}]
            """));
        var page = LessonPage.ToHtml(new Lesson(0, path, false), Notebook.Read(path), course.Out);
        Assert.Contains("<title>A &amp; B</title>", page);
        Assert.Contains("data:image/png;base64,AQID", page);
        Assert.Contains("data:image/png;base64,T1dO", page);
        Assert.Contains("data:image/png;base64,UE5H", page);
        Assert.Contains("href=\"01-second.html#part\"", page);
        Assert.Contains("href=\"../lib/x.cs\"", page);
        Assert.Contains("<a href=\"#part-one\">Part one</a>", page);
        Assert.Contains("<math><msup>", page);
        Assert.Contains("<td>1</td>", page);
        Assert.Contains("E: &lt;bad&gt;", page);
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("src=\"drawn", page);
    }
}
