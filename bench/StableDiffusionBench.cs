using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// Stable Diffusion 1.5 at its true size with random weights, 512 × 512 pixels in float32: how near a look of the U-Net comes to
/// the machine's matrix products, and what memory a picture needs. About 5 GB of memory and some minutes.
/// </summary>
internal static class StableDiffusionBench
{
    private const int Side = 64, Tokens = 77, Width = 768;

    public static IEnumerable<Measurement> Run()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var unet = new UNet(UNetConfig.StableDiffusion, Compute.Device);
        var (a, b) = (rand(2048, 2048, device: Compute.Device), rand(2048, 2048, device: Compute.Device));
        const double productWork = 2.0 * 2048 * 2048 * 2048;
        var work = 2 * UNetWork.Multiplications(unet, batch: 1, Side, Tokens);
        var (look, product, _) = Paired.Time(() => Look(unet, 1), () => { for (var i = 0; i < 20; i++) a.matmul(b).Dispose(); }, rounds: 3);
        yield return new("U-Net look, one picture", look, "s");
        yield return new("  its multiplications", work / 2e9, "G");
        yield return new("  its speed", work / look / 1e9, "GFLOP/s");
        yield return new("  against matrix product", work / look / (20 * productWork / product), AtLeast: 0.7);

        // Guidance looks at two at once; the text tower and the autoencoder are in memory as well, as they are when a picture is made.
        using var text = new ClipTextEncoder(ClipTextConfig.StableDiffusion, Compute.Device);
        using var autoencoder = new AutoencoderKL(AutoencoderConfig.StableDiffusion, Compute.Device);
        var before = ProcessMemory.Resident;
        Look(unet, 2);
        yield return new("memory of a guided look beside the weights", (ProcessMemory.Peak - before) / 1e9, "GB");
        var free = ProcessMemory.Peak;
        var seconds = Paired.Seconds(() => autoencoder.ToPictures(randn(1, 4, Side, Side, device: Compute.Device), new DecodingPlan(1)).Dispose());
        yield return new("decoding one picture", seconds, "s");
        yield return new("  forecast of its memory", DecodingPlan.Forecast(AutoencoderConfig.StableDiffusion, 1, Side, Side, ScalarType.Float32) / 1e9, "GB");
        yield return new("  peak of the process before it", free / 1e9, "GB");
        yield return new("peak memory of a picture in all", ProcessMemory.Peak / 1e9, "GB", AtMost: 8);
    }

    private static void Look(UNet unet, int pictures)
    {
        using var scope = NewDisposeScope();
        var device = unet.Device;
        unet.call(randn(pictures, 4, Side, Side, device: device), full([pictures], 500, dtype: ScalarType.Float32, device: device), randn(pictures, Tokens, Width, device: device), null);
    }
}
