using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// The fastest that this machine multiplies, by the library's own means: MKL's matrix product, which is slow on AMD's processors, or
/// oneDNN's 3×3 convolution over maps that lie channels last. Whichever is faster here is what others are held against.
/// </summary>
internal static class Roofline
{
    private sealed record Kind(string Name, double Work, Action Run);

    private static readonly Lazy<Kind> Fastest = new(Choose);

    /// <summary>What it is.</summary>
    public static string Name => Fastest.Value.Name;

    /// <summary>Billions of multiplications and additions in one run.</summary>
    public static double Work => Fastest.Value.Work;

    /// <summary>One run.</summary>
    public static void Run() => Fastest.Value.Run();

    private static Kind Choose()
    {
        var (a, b) = (rand(2048, 2048).DetachFromDisposeScope(), rand(2048, 2048).DetachFromDisposeScope());
        using var scope = NewDisposeScope();
        var maps = rand(1, 256, 64, 64).ChannelsLast().DetachFromDisposeScope();
        var weights = rand(256, 256, 3, 3).ChannelsLast().DetachFromDisposeScope();
        Kind product = new("matrix product 2048²", 2.0 * 2048 * 2048 * 2048 / 1e9, () => a.matmul(b).Dispose());
        Kind convolution = new("3×3 convolution, 256 channels at 64², channels last", 2.0 * 9 * 256 * 256 * 64 * 64 / 1e9, () =>
        {
            using var noGrad = no_grad();
            nn.functional.conv2d(maps, weights, padding: [1, 1]).Dispose();
        });
        var (first, second, _) = Paired.Time(product.Run, convolution.Run, rounds: 7);
        return product.Work / first >= convolution.Work / second ? product : convolution;
    }
}
