using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>Where a batch of pictures takes its chance from: one seed for all, or a seed for each, so that a picture is the same in whatever batch it is made.</summary>
public sealed class NoiseSource : IDisposable
{
    private readonly Generator[] generators;
    private readonly bool each;

    /// <summary>One chance for the whole batch.</summary>
    public NoiseSource(int seed, Device device) => generators = [new((ulong)seed, device)];

    /// <summary>A chance for each picture.</summary>
    public NoiseSource(IReadOnlyList<int> seeds, Device device) =>
        (generators, each) = ([.. seeds.Select(seed => new Generator((ulong)seed, device))], true);

    /// <summary>Standard normal noise, <c>[B, …]</c>, of a tensor's shape, type and device.</summary>
    /// <exception cref="CourseException">There is a seed for each picture, but not as many pictures.</exception>
    public Tensor Like(Tensor latents)
    {
        if (!each) return Drawn(latents.shape, generators[0]);
        if (generators.Length != latents.shape[0])
            throw new CourseException($"There are {generators.Length} seeds for {latents.shape[0]} pictures: give one for each.");
        using var scope = NewDisposeScope();
        return cat([.. generators.Select(generator => Drawn([1, .. latents.shape[1..]], generator))], 0).MoveToOuterDisposeScope();

        Tensor Drawn(long[] shape, Generator generator) => randn(shape, dtype: latents.dtype, device: latents.device, generator: generator);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var generator in generators) generator.Dispose();
    }
}
