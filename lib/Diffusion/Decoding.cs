using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>How latents are decoded in the memory there is: together, a picture at a time, or in tiles.</summary>
/// <param name="AtOnce">Pictures decoded together.</param>
/// <param name="Tile">Latents a tile has across and down; null where a picture is decoded in one piece.</param>
public sealed record DecodingPlan(int AtOnce, int? Tile = null)
{
    private const int LargeTile = 64, SmallTile = 32;

    // Tensors of a layer's size that live at once where the decoder is largest: what comes in, the normed, the
    // convolved, and what the convolution needs for itself. Five were measured (./course bench sd: 1.5 GB for 512²);
    // more leave room.
    private const int LiveTensors = 8;

    /// <summary>
    /// Bytes that decoding needs beside the weights, about: the layers at full size with the second-narrowest channels.
    /// </summary>
    /// <param name="config">The autoencoder's configuration.</param>
    /// <param name="pictures">Pictures at once.</param>
    /// <param name="height">Of the latents.</param>
    /// <param name="width">Of the latents.</param>
    /// <param name="type">What its numbers are.</param>
    public static long Forecast(AutoencoderConfig config, int pictures, long height, long width, ScalarType type)
    {
        var channels = config.Channels[Math.Min(1, config.Channels.Count - 1)];
        return LiveTensors * pictures * channels * height * width * config.Factor * config.Factor * (
            type == ScalarType.Float32 ? 4L : 2L);
    }

    /// <summary>The plans from the fastest to the most sparing, for pictures of one size.</summary>
    public static IReadOnlyList<DecodingPlan> All(int pictures, long height, long width) =>
    [
        new(pictures),
        .. pictures > 1 ? [new DecodingPlan(1)] : Array.Empty<DecodingPlan>(),
        .. new[] { LargeTile, SmallTile }.Where(tile => height > tile || width > tile).Select(
            tile => new DecodingPlan(1, tile)),
    ];

    /// <summary>
    /// The fastest plan that fits into three quarters of the free memory; the most sparing where none does, the fastest
    /// where nobody knows.
    /// </summary>
    /// <param name="config">The autoencoder's configuration.</param>
    /// <param name="shape">Of the latents, <c>[B, C, h, w]</c>.</param>
    /// <param name="type">What the autoencoder's numbers are.</param>
    /// <param name="freeBytes">See <see cref="FreeMemory"/>.</param>
    public static DecodingPlan For(AutoencoderConfig config, long[] shape, ScalarType type, long? freeBytes)
    {
        var plans = All((int)shape[0], shape[2], shape[3]);
        return freeBytes is not { } free
            ? plans[0]
            : plans.FirstOrDefault(plan => Needs(plan) <= 0.75 * free) ?? plans[^1];

        long Needs(DecodingPlan plan) => Forecast(
            config, plan.AtOnce, Math.Min(plan.Tile ?? shape[2], shape[2]), Math.Min(plan.Tile ?? shape[3], shape[3]),
            type);
    }
}

/// <summary>Decoding by plan.</summary>
public static class Decoding
{
    /// <summary>Latents of deviation 1 to pictures, as the plan says. No gradients.</summary>
    /// <param name="model">The autoencoder.</param>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <param name="plan">
    /// How; chosen by the free memory when null, and a more sparing one taken where memory runs out all the same.
    /// </param>
    /// <returns><c>[B, 3, h·f, w·f]</c> in [−1, 1].</returns>
    /// <exception cref="CourseException">Even the most sparing way needs more memory than there is.</exception>
    public static Tensor ToPictures(this AutoencoderKL model, Tensor latents, DecodingPlan? plan)
    {
        if (plan is not null) return Run(model, latents, plan);
        var fastest = DecodingPlan.For(model.Config, latents.shape, model.Type, FreeMemory.On(model.Device));
        return Sparing(
            DecodingPlan.All((int)latents.shape[0], latents.shape[2], latents.shape[3]).SkipWhile(
                each => each != fastest), each => Run(model, latents, each));
    }

    /// <summary>Works by the first plan for which memory lasts.</summary>
    internal static T Sparing<T>(IEnumerable<DecodingPlan> plans, Func<DecodingPlan, T> work)
    {
        MemoryShortageException? shortage = null;
        foreach (var plan in plans)
        {
            try
            {
                return MemoryShortage.Explained(() => work(plan), "make smaller pictures, or close other programs");
            }
            catch (MemoryShortageException error)
            {
                shortage = error;
            }
        }
        throw shortage!;
    }

    private static Tensor Run(AutoencoderKL model, Tensor latents, DecodingPlan plan)
    {
        if (plan.AtOnce >= latents.shape[0]) return One(latents);
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (var at = 0; at < latents.shape[0]; at += plan.AtOnce)
            parts.Add(One(latents.narrow(0, at, Math.Min(plan.AtOnce, latents.shape[0] - at))));
        return cat(parts, 0).MoveToOuterDisposeScope();

        Tensor One(Tensor some) =>
            plan.Tile is { } tile ? model.ToPicturesInTiles(some, tile, tile / 4) : model.ToPictures(some);
    }
}
