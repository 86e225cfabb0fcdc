using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>How far a sampling is: shown to those who watch, valid only while they look.</summary>
/// <param name="Look">Looks at the model done, from 1.</param>
/// <param name="Looks">Looks planned.</param>
/// <param name="Moment">Where the look was taken.</param>
/// <param name="Latents">The latents after the step.</param>
/// <param name="Clean">What the model held the clean latents for.</param>
public sealed record SamplingMoment(int Look, int Looks, double Moment, Tensor Latents, Tensor Clean);

/// <summary>The loop around every sampler.</summary>
public static class Sampling
{
    /// <summary>Walks from noisy latents to clean ones. No gradients.</summary>
    /// <param name="sampler">The way.</param>
    /// <param name="latents">Where to begin, <c>[B, C, h, w]</c>: see <see cref="Sampler.StartScale"/> and <see cref="Sampler.Noised"/>.</param>
    /// <param name="predict">The model: latents as it knows them, and their moment, to its prediction.</param>
    /// <param name="first">The first look: later than 0 for image to image.</param>
    /// <param name="chance">Where the samplers with chance take it from.</param>
    /// <param name="seen">Told of each step.</param>
    /// <param name="adjust">May replace the latents after each step, told which look comes next: inpainting's hook.</param>
    /// <param name="cancellation">Stops before the next look; so does the notebook's stop button.</param>
    /// <returns>Clean latents that belong to the caller's dispose scope; where it was stopped, what the model last held for clean.</returns>
    public static Tensor Run(
        Sampler sampler, Tensor latents, Func<Tensor, double, Tensor> predict, int first = 0, NoiseSource? chance = null,
        Action<SamplingMoment>? seen = null, Func<Tensor, int, Tensor>? adjust = null, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var interrupted = CellScope.Token;
        var moments = sampler.Moments;
        SamplerStep? before = null;
        var x = latents.alias();
        for (var look = first; look < moments.Count; look++)
        {
            if (cancellation.IsCancellationRequested || interrupted.IsCancellationRequested) return (before?.Clean ?? x).MoveToOuterDisposeScope();
            using var one = NewDisposeScope();
            var step = sampler.Step(look, predict(sampler.Input(x, look), moments[look]), x, before, chance);
            var next = adjust?.Invoke(step.Latents, look + 1) ?? step.Latents;
            seen?.Invoke(new(look + 1, moments.Count, moments[look], next, step.Clean));
            // The next step may ask for what this one made; what the one before made is no longer needed.
            var (passed, left) = (before, x);
            before = new(Kept(step.Latents), Kept(step.Clean), Kept(step.Start), step.Seen is { } seenBefore ? Kept(seenBefore) : null);
            x = Kept(next);
            left.Dispose();
            passed?.Latents.Dispose();
            passed?.Clean.Dispose();
            passed?.Start.Dispose();
            passed?.Seen?.Dispose();
        }
        return x.MoveToOuterDisposeScope();

        // A handle of its own, so that nobody else's dispose takes the numbers away.
        static Tensor Kept(Tensor tensor) => tensor.alias().MoveToOuterDisposeScope();
    }
}
