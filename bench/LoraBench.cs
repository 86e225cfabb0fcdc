using ImageGen.Adapters;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>Adapters on the course's U-Net: what a training holds and how fast it steps, against training all of it; and what 4 bits cost.</summary>
public static class LoraBench
{
    private const int Batch = 16, Tokens = 20, Words = 128;

    private static readonly LoraOptions Options = new() { Targets = [.. LoraOptions.Transformer, "conv_shortcut", "time_emb_proj"], Rank = 8 };

    public static IEnumerable<Measurement> Run()
    {
        using var scope = NewDisposeScope();
        using var all = new UNet(UNetConfig.Petals(Words), Compute.Device);
        using var fullAdam = optim.AdamW(all.parameters(), 1e-3);
        using var adapted = new UNet(UNetConfig.Petals(Words), Compute.Device);
        using var lora = Lora.Attach(adapted, Options);
        using var loraAdam = optim.AdamW(lora.parameters(), 1e-3);
        using var rounded = new UNet(UNetConfig.Petals(Words), Compute.Device);
        using var quantized = QuantizedModel.Of(rounded);
        using var onRounded = Lora.Attach(rounded, Options);
        using var roundedAdam = optim.AdamW(onRounded.parameters(), 1e-3);
        var inputs = (X: randn(Batch, 4, 16, 16), Timesteps: randint(1000, [Batch], ScalarType.Int64), Words: randn(Batch, Tokens, Words));

        var (full, little, ratio) = Paired.Time(() => Step(all, fullAdam), () => Step(adapted, loraAdam), rounds: 11);
        var bill = TrainingMemory.Of(TrainingMemory.BytesOf(all.state_dict().Values), all.parameters(), fullAdam);
        var small = TrainingMemory.Of(TrainingMemory.BytesOf(adapted.state_dict().Values) + TrainingMemory.BytesOf(lora.state_dict().Values), lora.parameters(), loraAdam);
        yield return new("numbers that learn, LoRA against full", (double)small.Learning / bill.Learning);
        yield return new("gradients and moments, LoRA against full", (double)(small.Gradients + small.Optimizer) / (bill.Gradients + bill.Optimizer), AtMost: 0.4);
        yield return new("full training step, batch 16", full, "s");
        yield return new("LoRA training step, batch 16", little, "s");
        yield return new("  steps a second, LoRA against full", ratio, AtLeast: 1);

        var (slow, _, cost) = Paired.Time(() => Step(rounded, roundedAdam), () => Step(adapted, loraAdam), rounds: 7);
        yield return new("QLoRA training step, batch 16", slow, "s");
        yield return new("  time, QLoRA against LoRA", cost);
        yield return new("weights, 4 bits where dense, against full", (double)quantized.Bytes / TrainingMemory.BytesOf(all.state_dict().Values));
        using var matrix = randn(1024, 1024);
        using var weights = Nf4Weights.Of(matrix);
        yield return new("bits a number, double quantization", weights.Bytes * 8.0 / matrix.numel(), "bits", AtMost: 4.13);
        var (merged, beside, _) = Paired.Time(() => ForwardPass(all), () => ForwardPass(adapted), rounds: 11);
        yield return new("forward pass without an adapter, batch 16", merged, "s");
        yield return new("  with one, not merged, against without", beside / merged);

        using var decomposed = new UNet(UNetConfig.Petals(Words), Compute.Device);
        using var dora = Lora.Attach(decomposed, Options with { Dora = true });
        using var doraAdam = optim.AdamW(dora.parameters(), 1e-3);
        var (lengths, _, more) = Paired.Time(() => Step(decomposed, doraAdam), () => Step(adapted, loraAdam), rounds: 7);
        yield return new("DoRA training step, batch 16", lengths, "s");
        yield return new("  time, DoRA against LoRA", more);

        void Step(UNet unet, OptimizerHelper optimizer)
        {
            using var one = NewDisposeScope();
            optimizer.zero_grad();
            unet.call(inputs.X, inputs.Timesteps, inputs.Words, null).square().mean().backward();
            optimizer.step();
        }

        void ForwardPass(UNet unet)
        {
            using var one = NewDisposeScope();
            using var noGrad = no_grad();
            unet.call(inputs.X, inputs.Timesteps, inputs.Words, null);
        }
    }
}
