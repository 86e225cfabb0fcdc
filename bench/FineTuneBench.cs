using ImageGen.Adapters;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// What fine-tuning Stable Diffusion 1.5 needs: a step of a LoRA of rank 8 on the U-Net at its true size with random weights, one
/// picture of 512 × 512. Memory is the process's, so these figures are of a CPU;
/// MALLOC_MMAP_THRESHOLD_=65536 before the command lets freed memory go back at once. About 6 GB and some minutes.
/// </summary>
internal static class FineTuneBench
{
    private const int Side = 64, Tokens = 77, Width = 768;

    public static IEnumerable<Measurement> Run()
    {
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.StableDiffusion, CPU);
        using (var lora = Lora.Attach(unet, new() { Rank = 8 }))
        {
            yield return new("numbers that learn, rank 8", lora.ParameterCount / 1e6, "million");
            var seconds = 0.0;
            yield return new("float32: a step beside the weights", Peak(() => seconds = Paired.Seconds(() => Step(unet, Side))) / 1e9, "GB");
            yield return new("  over a look of the U-Net, time", seconds / Paired.Seconds(() => Look(unet)));
            yield return new("  256 × 256, beside the weights", Peak(() => Step(unet, Side / 2)) / 1e9, "GB");
        }
        unet.to(ScalarType.BFloat16);
        using (Lora.Attach(unet, new() { Rank = 8 }))
            yield return new("bfloat16: 256 × 256, beside the weights", Peak(() => Step(unet, Side / 2)) / 1e9, "GB");
        var before = TrainingMemory.BytesOf(unet.parameters());
        using var quantized = QuantizedModel.Of(unet);
        yield return new("bfloat16: weights", before / 1e9, "GB");
        yield return new("  with dense layers in 4 bits", quantized.Bytes / 1e9, "GB");
        using (Lora.Attach(unet, new() { Rank = 8 }))
            yield return new("  256 × 256, beside the weights", Peak(() => Step(unet, Side / 2)) / 1e9, "GB");
    }

    private static double Peak(Action work)
    {
        ProcessMemory.GiveBack();
        var before = ProcessMemory.Resident;
        ProcessMemory.ForgetPeak();
        work();
        return ProcessMemory.Peak - before;
    }

    private static void Step(UNet unet, int side)
    {
        using var scope = NewDisposeScope();
        Ask(unet, side).to(ScalarType.Float32).square().mean().backward();
    }

    private static void Look(UNet unet)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Ask(unet, Side);
    }

    private static Tensor Ask(UNet unet, int side) =>
        unet.call(randn([1, 4, side, side], unet.Type), full([1], 500, dtype: ScalarType.Float32), randn([1, Tokens, Width], unet.Type), null);
}
