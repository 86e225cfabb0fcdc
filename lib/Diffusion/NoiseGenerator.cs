using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Noise for a batch of pictures from one seed, or from a seed for each, so that a picture is the same in whatever
/// batch it is made.
/// </summary>
public sealed class NoiseGenerator : IDisposable
{
    private readonly Generator[] generators;
    private readonly bool each;

    /// <summary>One seed for the whole batch.</summary>
    public NoiseGenerator(int seed, Device device) => generators = [new((ulong)seed, device)];

    /// <summary>A seed for each picture.</summary>
    public NoiseGenerator(IReadOnlyList<int> seeds, Device device) =>
        (generators, each) = ([.. seeds.Select(seed => new Generator((ulong)seed, device))], true);

    /// <summary>Standard normal noise, <c>[B, …]</c>, of a tensor's shape, type and device.</summary>
    /// <exception cref="CourseException">There is a seed for each picture, but not as many pictures.</exception>
    public Tensor RandnLike(Tensor latents)
    {
        if (!each) return Randn(latents.shape, generators[0]);
        if (generators.Length != latents.shape[0])
            throw new CourseException($"There are {generators.Length} seeds for {latents.shape[0]} pictures: give one "
                + "for each.");
        using var scope = NewDisposeScope();
        long[] one = [1, .. latents.shape[1..]];
        return cat([.. generators.Select(generator => Randn(one, generator))], 0).MoveToOuterDisposeScope();

        Tensor Randn(long[] shape, Generator generator) =>
            randn(shape, dtype: latents.dtype, device: latents.device, generator: generator);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var generator in generators) generator.Dispose();
    }
}
