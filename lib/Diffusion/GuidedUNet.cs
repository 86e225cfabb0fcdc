using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// The U-Net as a sampler evaluates it: with the prompts' vectors, and where it is guided with the negative prompt's as
/// well, both in one batch. Its tensors belong to the dispose scope in which it is made.
/// </summary>
internal sealed class GuidedUNet
{
    private readonly UNet unet;
    private readonly Guidance guidance;
    private readonly int trainTimesteps;
    private readonly TextConditions alone, both;

    internal GuidedUNet(
        UNet unet, ITextConditioner text, IReadOnlyList<string> prompts, GenerationOptions options, int trainTimesteps)
    {
        (this.unet, guidance, this.trainTimesteps) = (unet, options.Guidance, trainTimesteps);
        var with = text.Encode(prompts);
        alone = with.To(unet.Type, unet.Device);
        if (!guidance.NeedsBoth) both = alone;
        // The negative prompt first, as in Stable Diffusion.
        else both = text.Encode([.. prompts.Select(_ => options.NegativePrompt)]).Then(with).To(unet.Type, unet.Device);
    }

    /// <summary>A forward pass.</summary>
    /// <param name="x">x_t, <c>[B, C, h, w]</c>, a picture for each prompt.</param>
    /// <param name="timestep">t.</param>
    internal Tensor Predict(Tensor x, double timestep)
    {
        var guided = guidance.NeedsBothAt(1 - timestep / trainTimesteps);
        var (latents, read) = guided ? (cat([x, x], 0), both) : (x, alone);
        var timesteps = full([latents.shape[0]], timestep, dtype: ScalarType.Float32, device: x.device);
        // The samplers count in float32, whatever the U-Net's numbers are: rounding would add up from step to step.
        var output = unet.call(latents.to(unet.Type), timesteps, read.Sequence, read.Mask).to(x.dtype);
        if (!guided) return output;
        var halves = output.chunk(2, dim: 0);
        return guidance.Combine(halves[0], halves[1]);
    }
}
