using System.Diagnostics;
using ImageGen.Data;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Brings together what is encoded: what was kept before is read, what is missing is encoded and kept, a part at a
/// time.
/// </summary>
/// <param name="parts">Where it is kept; nowhere when null.</param>
/// <param name="keep">The device that it waits on; that of the models when null.</param>
/// <param name="progress">Told how far it is.</param>
/// <param name="cancellation">Stops before the next part.</param>
internal sealed class EncodingCollector(
    EncodedParts? parts, Device? keep, IProgress<EncodingProgress>? progress, CancellationToken cancellation)
{
    /// <summary>
    /// Which things, by their place in what was asked for, and their tensors, a row each; these belong to the caller's
    /// scope.
    /// </summary>
    internal readonly record struct Part(IReadOnlyList<int> Items, IReadOnlyDictionary<string, Tensor> Rows);

    /// <summary>
    /// Pictures as <c>latents</c>, <c>[k, C, h, w]</c> float16. The autoencoder is not asked for where nothing is
    /// missing.
    /// </summary>
    internal IEnumerable<Part> Pictures(ICaptionedPictures pictures, Lazy<AutoencoderKL> autoencoder)
    {
        // As many pixels at once as 32 pictures of 128 × 128 have: what the encoder holds meanwhile grows with them.
        var atOnce = (int)Math.Clamp(32L * 128 * 128 / ((long)pictures.Side * pictures.Side), 1, 32);
        var inPart = Math.Max(16 / atOnce, 1) * atOnce;
        return Collect("pictures", pictures.Count, i => EncodedParts.IdOf(pictures.Picture(i)), inPart, items =>
        {
            var batches = new Batches(
                new SomePictures(pictures, items),
                new() { BatchSize = atOnce, Shuffle = false, Augment = false, KeepRest = true, Workers = 1 });
            Tensor[] latents = [.. batches.Epoch().Select(batch => Latents(batch, autoencoder.Value))];
            return new() { ["latents"] = cat(latents, 0) };
        });
    }

    /// <summary>
    /// Captions as <c>texts</c>, <c>[k, T, W]</c> float16, and <c>mask</c>, <c>[k, T]</c> bool, where the encoder has
    /// one.
    /// </summary>
    /// <param name="captions">Those of like length near each other: encoded together, they take least.</param>
    /// <param name="text">The encoder; not asked for where nothing is missing.</param>
    internal IEnumerable<Part> Captions(string[] captions, Lazy<ITextConditioner> text) =>
        Collect("captions", captions.Length, i => EncodedParts.IdOf(captions[i]), 256, items =>
    {
        var encoded = text.Value.Encode([.. items.Select(item => captions[item])]);
        var device = keep ?? encoded.Sequence.device;
        var part = new Dictionary<string, Tensor> { ["texts"] = encoded.Sequence.to(ScalarType.Float16, device) };
        if (encoded.Mask is { } mask) part["mask"] = mask.to(device).alias();
        return part;
    });

    private Tensor Latents(PictureBatch batch, AutoencoderKL autoencoder)
    {
        cancellation.ThrowIfCancellationRequested();
        using var one = NewDisposeScope();
        using var x = batch.Pictures;
        return autoencoder.ToLatents(x).to(ScalarType.Float16, keep ?? x.device).MoveToOuterDisposeScope();
    }

    private IEnumerable<Part> Collect(
        string kind, int count, Func<int, string> idOf, int together, Func<IReadOnlyList<int>, Dictionary<string,
        Tensor>> make)
    {
        string[] ids = parts is null ? [] : [.. Enumerable.Range(0, count).Select(idOf)];
        var known = parts?.Index(kind);
        int[] missing = [.. Enumerable.Range(0, count).Where(i => known is null || !known.ContainsKey(ids[i]))];
        var done = count - missing.Length;
        if (done > 0)
        {
            var there = Enumerable.Range(0, count).Where(i => known!.ContainsKey(ids[i])).GroupBy(
                i => known![ids[i]].File).ToList();
            foreach (var file in there)
            {
                var rows = EncodedParts.Read(file.Key, [.. file.Select(i => known![ids[i]].Row)]);
                yield return new(
                    [.. file], rows.ToDictionary(pair => pair.Key, pair => pair.Value.to(keep ?? Compute.Device)));
            }
            if (missing.Length > 0) progress?.Report(new(kind, done, count, null));
        }
        var start = Stopwatch.GetTimestamp();
        foreach (var items in missing.Chunk(together))
        {
            cancellation.ThrowIfCancellationRequested();
            Dictionary<string, Tensor> made;
            using (NewDisposeScope())
            {
                made = make(items);
                foreach (var tensor in made.Values) tensor.MoveToOuterDisposeScope();
            }
            parts?.Keep(kind, [.. items.Select(i => ids[i])], made);
            yield return new(items, made);
            done += items.Length;
            progress?.Report(
                new(
                    kind, done, count,
                    Stopwatch.GetElapsedTime(start) / (done - (count - missing.Length)) * (count - done)));
        }
    }
}
