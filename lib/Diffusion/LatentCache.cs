using System.Diagnostics;
using System.Globalization;
using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// A data set as a diffusion training sees it, computed once: every picture's latents and its captions' vectors, so that
/// no training step runs the autoencoder or the text encoder.
/// </summary>
public sealed class LatentCache : IDisposable
{
    private const string KeyNote = "of", CaptionsNote = "captions";

    private readonly Tensor latents; // [N, C, h, w] float16
    private readonly TextConditions texts; // each distinct caption once, float16
    private readonly Tensor places; // [1 + N·perPicture] int64: where a caption stands there; first the empty text's, then picture by picture
    private readonly int perPicture;

    private LatentCache(Tensor latents, TextConditions texts, Tensor places, int perPicture) =>
        (this.latents, this.texts, this.places, this.perPicture) = (latents, texts, places, perPicture);

    /// <summary>Pictures in it.</summary>
    public int Count => (int)latents.shape[0];

    /// <summary>Captions of each picture.</summary>
    public int CaptionsPerPicture => perPicture;

    /// <summary>Different captions in it, the empty one among them: each is encoded and kept once.</summary>
    public int DistinctCaptions => (int)texts.Sequence.shape[0];

    /// <summary>Encodes a data set.</summary>
    /// <param name="pictures">The pictures and their captions.</param>
    /// <param name="autoencoder">To scaled latents; its likeliest ones are kept.</param>
    /// <param name="text">To the captions' vectors.</param>
    /// <param name="captionsPerPicture">How many of each picture's captions to keep, from the first.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="keep">Where it is kept: on the models' device when null; on the CPU it takes nothing of a small card.</param>
    /// <param name="parts">Where parts are kept on the way, so that an encoding that was stopped goes on; nowhere when null.</param>
    /// <param name="cancellation">Stops after a few pictures or captions; the parts stay.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static LatentCache Of(
        ICaptionedPictures pictures, AutoencoderKL autoencoder, ITextConditioner text, int captionsPerPicture = 2, IProgress<EncodingProgress>? progress = null,
        Device? keep = null, EncodedParts? parts = null, CancellationToken cancellation = default)
    {
        if (captionsPerPicture < 1) throw new CourseException($"captionsPerPicture is {captionsPerPicture}: it must be at least 1.");
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var latents = new List<Tensor>();
        // As many pixels at once as 32 pictures of 128 × 128 have: what the encoder holds meanwhile grows with them.
        var atOnce = (int)Math.Clamp(32L * 128 * 128 / ((long)pictures.Side * pictures.Side), 1, 32);
        var batches = new Batches(pictures, new() { BatchSize = atOnce, Shuffle = false, Augment = false, KeepRest = true, Workers = 1 });
        var pace = new Pace("pictures", pictures.Count, progress);
        var together = Math.Max(1, 16 / atOnce); // batches that are kept as one part
        for (var at = 0; at < batches.PerEpoch; at += together)
        {
            using var one = NewDisposeScope();
            var part = Part(parts, $"pictures-{at * atOnce:00000}", keep, out var known, () => new Dictionary<string, Tensor>
            {
                ["latents"] = cat([.. batches.From(at).Take(Math.Min(together, batches.PerEpoch - at)).Select(batch => Latents(batch, autoencoder, keep, cancellation))], 0),
            });
            latents.Add(part["latents"].MoveToOuterDisposeScope());
            pace.Add((int)part["latents"].shape[0], known);
        }
        string[] captions = ["", .. Enumerable.Range(0, pictures.Count).SelectMany(index =>
        {
            var all = pictures.Captions(index);
            return Enumerable.Range(0, captionsPerPicture).Select(i => all[i % all.Count]);
        })];
        var distinct = captions.Distinct().OrderBy(caption => caption.Length).ThenBy(caption => caption, StringComparer.Ordinal).ToArray();
        var place = distinct.Select((caption, i) => (caption, i)).ToDictionary(pair => pair.caption, pair => (long)pair.i);
        var texts = Encode(distinct, text, new("captions", distinct.Length, progress), keep, parts, cancellation);
        var places = tensor(captions.Select(caption => place[caption]).ToArray(), device: texts.Sequence.device);
        return new(cat(latents, 0).DetachFromDisposeScope(), texts, places.DetachFromDisposeScope(), captionsPerPicture);
    }

    /// <summary>Some pictures' latents and one caption of each.</summary>
    /// <param name="pictures">Which pictures, <c>[B]</c> int64.</param>
    /// <param name="captions">Which of its captions, <c>[B]</c> int64; −1 for none.</param>
    /// <returns>Latents <c>[B, C, h, w]</c> float32 and conditions, which belong to the caller's dispose scope.</returns>
    public (Tensor Latents, TextConditions Text) At(Tensor pictures, Tensor captions)
    {
        using var scope = NewDisposeScope();
        var rows = places.index_select(0, where(captions.lt(0), zeros_like(captions), pictures * perPicture + captions + 1).to(places.device));
        var sequence = texts.Sequence.index_select(0, rows);
        var mask = texts.Mask?.index_select(0, rows);
        if (mask is not null)
        {
            var length = mask.any(0).sum().item<long>(); // no longer than the longest text of these
            (sequence, mask) = (sequence.narrow(1, 0, length), mask.narrow(1, 0, length).to(pictures.device));
        }
        var clean = latents.index_select(0, pictures.to(latents.device)).to(ScalarType.Float32, pictures.device);
        return (clean.MoveToOuterDisposeScope(), new(sequence.to(ScalarType.Float32, pictures.device).MoveToOuterDisposeScope(), mask?.MoveToOuterDisposeScope()));
    }

    /// <summary>Writes it, so that a training that goes on need not encode again.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">What was encoded, and with what: <see cref="TryLoad"/> compares.</param>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    public void Save(string path, string key)
    {
        var tensors = new Dictionary<string, Tensor> { ["latents"] = latents, ["texts"] = texts.Sequence, ["places"] = places };
        if (texts.Mask is { } mask) tensors["mask"] = mask;
        SafeTensors.Save(path, tensors, metadata: new Dictionary<string, string> { [KeyNote] = key, [CaptionsNote] = perPicture.ToString(CultureInfo.InvariantCulture) });
    }

    /// <summary>Reads what <see cref="Save"/> wrote, onto the CPU; null where there is none, or one of something else.</summary>
    public static LatentCache? TryLoad(string path, string key)
    {
        if (!File.Exists(path)) return null;
        try
        {
            using var scope = NewDisposeScope();
            using var file = WeightFile.Open(path);
            if (file.Metadata.GetValueOrDefault(KeyNote) != key) return null;
            var texts = new TextConditions(file.Read("texts").DetachFromDisposeScope(), file.Contains("mask") ? file.Read("mask").DetachFromDisposeScope() : null);
            return new(file.Read("latents").DetachFromDisposeScope(), texts, file.Read("places").DetachFromDisposeScope(),
                int.Parse(file.Metadata[CaptionsNote], CultureInfo.InvariantCulture));
        }
        catch (CourseException)
        {
            return null; // damaged: it is encoded again
        }
    }

    /// <summary>Frees it.</summary>
    public void Dispose()
    {
        latents.Dispose();
        texts.Dispose();
        places.Dispose();
    }

    private static Tensor Latents(PictureBatch batch, AutoencoderKL autoencoder, Device? keep, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var one = NewDisposeScope();
        using var x = batch.Pictures;
        return autoencoder.ToLatents(x).to(ScalarType.Float16, keep ?? x.device).MoveToOuterDisposeScope();
    }

    private static IReadOnlyDictionary<string, Tensor> Part(EncodedParts? parts, string name, Device? keep, out bool known, Func<Dictionary<string, Tensor>> make)
    {
        var found = parts?.Find(name);
        known = found is not null;
        if (found is not null) return found.ToDictionary(pair => pair.Key, pair => keep is null ? pair.Value.to(Compute.Device) : pair.Value.to(keep));
        var made = make();
        parts?.Keep(name, made);
        return made;
    }

    // Captions of like length together: that saves most of the work. Each part goes into the table as soon as all are known.
    private static TextConditions Encode(string[] captions, ITextConditioner text, Pace pace, Device? keep, EncodedParts? kept, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var parts = new List<(Tensor Sequence, Tensor Mask)>();
        var masked = false;
        foreach (var some in captions.Chunk(256))
        {
            cancellation.ThrowIfCancellationRequested();
            using var one = NewDisposeScope();
            var part = Part(kept, $"captions-{pace.Done:000000}", keep, out var known, () => Encode(some, text, keep));
            masked |= part.ContainsKey("mask");
            var sequence = part["texts"].MoveToOuterDisposeScope();
            var mask = part.GetValueOrDefault("mask") ?? ones([some.Length, sequence.shape[1]], ScalarType.Bool, sequence.device);
            parts.Add((sequence, mask.MoveToOuterDisposeScope()));
            pace.Add(some.Length, known);
        }
        return Table(parts, masked, text.Width);
    }

    private static Dictionary<string, Tensor> Encode(string[] captions, ITextConditioner text, Device? keep)
    {
        var encoded = text.Encode(captions);
        var device = keep ?? encoded.Sequence.device;
        var part = new Dictionary<string, Tensor> { ["texts"] = encoded.Sequence.to(ScalarType.Float16, device) };
        if (encoded.Mask is { } mask) part["mask"] = mask.to(device).alias();
        return part;
    }

    private static TextConditions Table(List<(Tensor Sequence, Tensor Mask)> parts, bool masked, int width)
    {
        var (count, length, place) = (parts.Sum(part => part.Sequence.shape[0]), parts.Max(part => part.Sequence.shape[1]), parts[0].Sequence.device);
        var sequence = empty([count, length, width], ScalarType.Float16, place).DetachFromDisposeScope();
        var masks = zeros([count, length], ScalarType.Bool, place);
        var at = 0L;
        foreach (var part in parts)
        {
            using var one = NewDisposeScope();
            var (rows, tokens) = (part.Sequence.shape[0], part.Sequence.shape[1]);
            var here = sequence.narrow(0, at, rows);
            here.narrow(1, 0, tokens).copy_(part.Sequence);
            here.narrow(1, tokens, length - tokens).zero_();
            masks.narrow(0, at, rows).narrow(1, 0, tokens).copy_(part.Mask);
            part.Sequence.Dispose();
            part.Mask.Dispose();
            at += rows;
        }
        return new(sequence, masked ? masks.DetachFromDisposeScope() : null);
    }

    // Reports, and foretells from what was encoded and not only read.
    private sealed class Pace(string what, int count, IProgress<EncodingProgress>? progress)
    {
        private readonly long start = Stopwatch.GetTimestamp();
        private int encoded;

        public int Done { get; private set; }

        public void Add(int some, bool known)
        {
            Done += some;
            if (!known) encoded += some;
            progress?.Report(new(what, Done, count, encoded == 0 ? null : Stopwatch.GetElapsedTime(start) / encoded * (count - Done)));
        }
    }
}
