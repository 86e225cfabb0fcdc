using ImageGen.Diffusion;
using ImageGen.Gan;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>Each network in both layouts of its maps, in turns, and the layout that it chooses against the better one.</summary>
internal static class LayoutBench
{
    public static IEnumerable<Measurement> Run()
    {
        using var scope = NewDisposeScope();
        foreach (var (name, work, rounds) in Works())
        {
            Action contiguous = () => In(false, work), last = () => In(true, work), chosen = () => In(null, work);
            var (_, _, ratio) = Paired.Time(last, contiguous, rounds);
            yield return new($"{name}: channels last over contiguous", ratio);
            yield return new($"{name}: chosen over the better one", Paired.Time(chosen, ratio < 1 ? last : contiguous, rounds).Ratio, AtMost: 1.03);
        }
    }

    private static IEnumerable<(string Name, Action Work, int Rounds)> Works()
    {
        var vgg = new VggFeatures(lastLayer: "relu5_1");
        foreach (var side in new[] { 128, 176, 192, 256, 512 })
        {
            var picture = rand([1, 3, side, side], requires_grad: true);
            yield return ($"VGG-19 step, {side}²", () => autograd.grad([vgg.Extract(picture, "relu5_1")["relu5_1"].sum()], [picture]), side > 256 ? 5 : 9);
        }

        var unet = new UNet(UNetConfig.Petals(contextWidth: 128));
        var optimizer = optim.AdamW(unet.parameters());
        foreach (var batch in new[] { 1, 2, 4, 8, 32 })
        {
            var (latents, context) = (randn(batch, 4, 16, 16), randn(batch, 12, unet.Config.ContextWidth));
            var timesteps = full([batch], 500f);
            yield return ($"U-Net forward pass, {batch}", () =>
            {
                using var noGrad = no_grad();
                for (var i = 0; i < 5; i++) unet.call(latents, timesteps, context, null);
            }, 15);
            if (batch == 32)
                yield return ("U-Net training step, 32", () =>
                {
                    optimizer.zero_grad();
                    unet.call(latents, timesteps, context, null).pow(2).mean().backward();
                    optimizer.step();
                }, 9);
        }

        var gan = new GanConfig { TextWidth = 128 };
        var (generator, discriminator) = (new GanGenerator(gan), new GanDiscriminator(gan));
        var (noise, text, real) = (randn(32, gan.NoiseWidth), randn(32, gan.TextWidth), rand(32, 3, 64, 64) * 2 - 1);
        yield return ("GAN, 32 pictures drawn", () =>
        {
            using var noGrad = no_grad();
            generator.call(noise, text);
        }, 15);
        yield return ("GAN training step, 32", () =>
        {
            var made = generator.call(noise, text);
            (discriminator.call(real, text).mean() - discriminator.call(made, text).mean()).backward();
        }, 9);

        var autoencoder = AutoencoderKL.Pretrained();
        foreach (var batch in new[] { 1, 16 })
        {
            var pictures = rand(batch, 3, 64, 64) * 2 - 1;
            yield return ($"autoencoder forward pass, {batch}", () =>
            {
                using var noGrad = no_grad();
                autoencoder.call(pictures);
            }, 15);
            if (batch == 16) yield return ("autoencoder training step, 16", () => autoencoder.call(pictures).pow(2).mean().backward(), 9);
        }
    }

    private static void In(bool? layout, Action work)
    {
        MemoryLayout.ForceChannelsLast = layout;
        using var scope = NewDisposeScope();
        try { work(); }
        finally { MemoryLayout.ForceChannelsLast = null; }
    }
}
