using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

// From pictures to pictures.
public sealed partial class LatentDiffusion
{
    /// <summary>Makes pictures that begin at others (SDEdit, Meng and others, arXiv 2108.01073).</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in [−1, 1].</param>
    /// <param name="prompts">One for each picture.</param>
    /// <param name="strength">
    /// How much of the way is gone again: 0 leaves the picture as it is, 1 hardly asks it.
    /// </param>
    /// <param name="options">How.</param>
    /// <param name="callback">Told of each step.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    /// <inheritdoc cref="Generate"/>
    public Tensor FromPictures(
        Tensor pictures, IReadOnlyList<string> prompts, double strength, GenerationOptions? options = null,
        Action<SamplingStep>? callback = null, CancellationToken cancellation = default)
    {
        if (strength is not (>= 0 and <= 1))
            throw new CourseException($"The strength is {strength}: it must be from 0 (the picture as it is) to 1 "
                + "(hardly anything of it).");
        options ??= new();
        return Explained(() =>
        {
            using var scope = NewDisposeScope();
            var sampler = SamplerOf(options);
            using var generator = GeneratorOf(options);
            var clean = autoencoder.ToLatents(pictures.to(unet.Device));
            var steps = (int)Math.Round(options.Steps * strength);
            if (steps == 0) return Pictures(clean);
            var first = options.Steps - steps;
            var start = sampler.AddNoise(clean, generator.RandnLike(clean), first);
            var latents = Run(sampler, start, prompts, options, first, generator, callback, null, cancellation);
            return Pictures(latents);
        });
    }

    /// <summary>
    /// Makes new what a mask marks, and keeps the rest (as RePaint does without resampling, Lugmayr and others, arXiv
    /// 2201.09865).
    /// </summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in [−1, 1].</param>
    /// <param name="prompts">One for each picture.</param>
    /// <param name="mask"><c>[B or 1, 1, H, W]</c>: 1 is made new, 0 is kept.</param>
    /// <param name="options">How.</param>
    /// <param name="callback">Told of each step.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    /// <inheritdoc cref="Generate"/>
    public Tensor Inpaint(
        Tensor pictures, Tensor mask, IReadOnlyList<string> prompts, GenerationOptions? options = null,
        Action<SamplingStep>? callback = null, CancellationToken cancellation = default)
    {
        options ??= new();
        return Explained(() =>
        {
            using var scope = NewDisposeScope();
            var sampler = SamplerOf(options);
            using var generator = GeneratorOf(options);
            if (!(mask.shape is [var count, 1, _, _] && (count == 1 || count == pictures.shape[0])
                && mask.shape[2..].SequenceEqual(pictures.shape[2..])))
                throw new CourseException($"The mask is [{string.Join(", ", mask.shape)}] and the pictures are "
                    + $"[{string.Join(", ", pictures.shape)}]: a mask must be [1, 1, H, W] or [B, 1, H, W], as high "
                    + "and wide as they.");
            var clean = autoencoder.ToLatents(pictures.to(unet.Device));
            // A latent is new as soon as one of its pixels is.
            var makes = nn.functional.max_pool2d(mask.to(unet.Device), autoencoder.Config.Factor);
            var noise = generator.RandnLike(clean);
            var start = noise * sampler.InitNoiseSigma;
            var latents = Run(sampler, start, prompts, options, 0, generator, callback, Keep, cancellation);
            return Pictures(latents);

            Tensor Keep(Tensor x, int next)
            {
                var kept = next < sampler.Timesteps.Count ? sampler.AddNoise(clean, noise, next) : clean;
                return makes * x + (1 - makes) * kept;
            }
        });
    }
}
