using ImageGen.Display;
using ImageGen.Imaging;
using Microsoft.DotNet.Interactive.Formatting;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ImageGen.Tests;

public class TensorDisplayTests
{
    public TensorDisplayTests() => Notebook.Start();

    [Fact]
    public void AnImageIsAPicture()
    {
        using var scope = NewDisposeScope();
        var picture = Fixture.Pattern(12, 9);
        Assert.Equal(picture, Png.Read(Formatter.ToDisplayString(picture.ToTensor(), "image/png")));
        Assert.Equal(["image/png", "text/plain"], Formatter.GetPreferredMimeTypesFor(typeof(Tensor)));
    }

    [Fact]
    public void ABatchIsAGrid()
    {
        using var scope = NewDisposeScope();
        var batch = zeros(3, 3, 100, 100);
        var grid = Png.Read(Formatter.ToDisplayString(batch, "image/png"));
        Assert.Equal((308, 100), (grid.Width, grid.Height));
    }

    [Theory]
    [InlineData("Tensor [2, 2] float32  min −1  mean 0.7500  max 3\n", 2, 2)]
    public void AMatrixIsACardWithItsFacts(string facts, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        var matrix = tensor(new[] { -1f, 0.5f, 0.5f, 3f }).reshape(rows, columns);
        Assert.Equal(facts + "    −1  0.5000\n0.5000       3", Formatter.ToDisplayString(matrix, "text/plain"));
        var card = Png.Read(Formatter.ToDisplayString(matrix, "image/png"));
        Assert.InRange(card.Width, 300, 800);
        Assert.True(Png.Ink(card) > 1000);
    }

    [Fact]
    public void ValuesOutsideTheRangeOfPicturesAreACardAndNotAClampedPicture()
    {
        using var scope = NewDisposeScope();
        var text = Formatter.ToDisplayString(linspace(-1, 1, 3 * 16 * 16).reshape(3, 16, 16), "text/plain");
        Assert.Contains("min −1  mean", text);
        Assert.Contains('\n', text);
    }

    [Fact]
    public void EveryTensorHasACard()
    {
        using var scope = NewDisposeScope();
        var nan = randn(20, 20);
        nan[0, 0] = float.NaN;
        Assert.Contains("1 NaN or infinite", Formatter.ToDisplayString(nan, "text/plain"));
        Assert.Contains("all 4 NaN", Formatter.ToDisplayString(full([4], float.NaN), "text/plain"));
        Assert.Contains("empty", Formatter.ToDisplayString(zeros(0), "text/plain"));
        Assert.Contains("[] float32\n0.2500", Formatter.ToDisplayString(tensor(0.25f), "text/plain"));
        foreach (var tensor in (Tensor[])[nan, zeros(0), zeros(2, 0), tensor(true), arange(5), randn(2, dtype: ScalarType.ComplexFloat32),
            randn(2, 2, dtype: ScalarType.BFloat16), randn([2, 3, 4, 5, 6]), full([4], float.NaN), zeros([2, 3, 9, 9], requires_grad: true)])
            Assert.True(Png.Read(Formatter.ToDisplayString(tensor, "image/png")).Width > 20);
    }

    [Fact]
    public void ShowingKeepsNoTensor()
    {
        using var batch = rand(4, 3, 16, 16);
        using var matrix = rand(30, 30);
        foreach (var tensor in new[] { batch, matrix }) _ = Formatter.ToDisplayString(tensor, "image/png");
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        foreach (var tensor in new[] { batch, matrix })
        {
            _ = Formatter.ToDisplayString(tensor, "image/png");
            _ = Formatter.ToDisplayString(tensor, "text/plain");
        }
        Assert.InRange(DisposeScopeManager.Statistics.ThreadTotalLiveCount - before, long.MinValue, 0);
    }

    [Fact]
    public void AModuleIsATableWithoutStylesOrScripts()
    {
        using var network = Sequential(("conv", Conv2d(3, 8, 3)), ("relu", ReLU()), ("head", Linear(8, 2)));
        var html = Formatter.ToDisplayString((nn.Module)network, "text/html");
        Assert.Contains("<td align=\"right\">224</td>", html); // 3·8·3·3 + 8
        Assert.Contains("242 parameters", html);
        Assert.DoesNotContain("style=", html);
        Assert.DoesNotContain("<script", html);
        Assert.Equal(["text/html", "text/plain"], Formatter.GetPreferredMimeTypesFor(network.GetType()));
    }
}
