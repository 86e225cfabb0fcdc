using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// A small convolutional network with shortcuts (He and others, arXiv 1512.03385) that reads a picture of 64×64: four
/// times half the size, then the mean and the largest of every map. The judge and MiniCLIP each have one of their own.
/// </summary>
public sealed class PictureTrunk : nn.Module<Tensor, Tensor>
{
    private static readonly int[] Widths = [24, 48, 96, 128];

    private readonly List<Conv2d> down = [], same = [];
    private readonly List<BatchNorm2d> downNorm = [], sameNorm = [];

    /// <summary>Builds it with torch's initial weights.</summary>
    public PictureTrunk(Device? device = null) : base(nameof(PictureTrunk))
    {
        for (var i = 0; i < Widths.Length; i++)
        {
            var from = i == 0 ? 3 : Widths[i - 1];
            var kernel = i == 0 ? 5 : 3;
            down.Add(nn.Conv2d(from, Widths[i], kernel, stride: 2, padding: kernel / 2, bias: false, device: device));
            downNorm.Add(nn.BatchNorm2d(Widths[i], device: device));
            register_module($"down{i}", down[i]);
            register_module($"down_norm{i}", downNorm[i]);
            if (i == 0) continue;
            same.Add(nn.Conv2d(Widths[i], Widths[i], 3, padding: 1, bias: false, device: device));
            sameNorm.Add(nn.BatchNorm2d(Widths[i], device: device));
            register_module($"same{i}", same[^1]);
            register_module($"same_norm{i}", sameNorm[^1]);
        }
    }

    /// <summary>Numbers that come out for a picture: a mean and a largest value for each of the last maps.</summary>
    public static int Features => 2 * Widths[^1];

    /// <summary>Numbers that <see cref="Levels"/> gives: one for each map of every size.</summary>
    public static int LevelFeatures => Widths.Sum();

    /// <summary>Reads pictures.</summary>
    /// <param name="pictures"><c>[B, 3, 64, 64]</c> in [−1, 1].</param>
    /// <returns><c>[B, Features]</c>.</returns>
    public override Tensor forward(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var x = Maps(pictures).Last();
        return cat([x.mean([2, 3]), x.amax([2, 3])], 1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The means of all maps, the fine ones' too: the last ones know what a picture shows, the first ones how it is drawn,
    /// its edges and its grain.
    /// </summary>
    /// <remarks>
    /// The mean over n places varies 1/√n as much as a place does; each is multiplied by √n/4, so that the levels count alike.
    /// </remarks>
    /// <returns><c>[B, LevelFeatures]</c>.</returns>
    public Tensor Levels(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        return cat([.. Maps(pictures).Select(x => x.mean([2, 3]) * (Math.Sqrt(x.shape[2] * x.shape[3]) / 4))], 1).MoveToOuterDisposeScope();
    }

    // Four sizes: 32×32, 16×16, 8×8 and 4×4.
    private IEnumerable<Tensor> Maps(Tensor pictures)
    {
        var x = pictures;
        for (var i = 0; i < down.Count; i++)
        {
            x = downNorm[i].call(down[i].call(x)).relu();                         // half the size
            if (i > 0) x = (x + sameNorm[i - 1].call(same[i - 1].call(x))).relu(); // x + f(x)
            yield return x;
        }
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}
