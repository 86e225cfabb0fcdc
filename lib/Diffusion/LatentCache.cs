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
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="keep">Where it is kept: on the models' device when null; on the CPU it takes nothing of a small card.</param>
    public static LatentCache Of(
        ICaptionedPictures pictures, AutoencoderKL autoencoder, ITextConditioner text, int captionsPerPicture = 2, IProgress<double>? progress = null, Device? keep = null)
    {
        if (captionsPerPicture < 1) throw new CourseException($"captionsPerPicture is {captionsPerPicture}: it must be at least 1.");
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (parts, captions) = (new List<Tensor>(), new List<string> { "" });
        // As many pixels at once as 32 pictures of 128 × 128 have: what the encoder holds meanwhile grows with them.
        var atOnce = (int)Math.Clamp(32L * 128 * 128 / ((long)pictures.Side * pictures.Side), 1, 32);
        var options = new BatchOptions { BatchSize = atOnce, Shuffle = false, Augment = false, KeepRest = true, Workers = 1 };
        foreach (var batch in new Batches(pictures, options).Epoch())
        {
            using var one = NewDisposeScope();
            using var x = batch.Pictures;
            parts.Add(autoencoder.ToLatents(x).to(ScalarType.Float16, keep ?? x.device).MoveToOuterDisposeScope());
            foreach (var index in batch.Indices)
            {
                var all = pictures.Captions(index);
                captions.AddRange(Enumerable.Range(0, captionsPerPicture).Select(i => all[i % all.Count]));
            }
            progress?.Report(0.5 * Math.Min(1.0, (double)parts.Count * atOnce / pictures.Count));
        }
        var distinct = captions.Distinct().OrderBy(caption => caption.Length).ThenBy(caption => caption, StringComparer.Ordinal).ToArray();
        var place = distinct.Select((caption, i) => (caption, i)).ToDictionary(pair => pair.caption, pair => (long)pair.i);
        var texts = Encode(distinct, text, progress, keep);
        var places = tensor(captions.Select(caption => place[caption]).ToArray(), device: texts.Sequence.device);
        return new(cat(parts, 0).DetachFromDisposeScope(), texts, places.DetachFromDisposeScope(), captionsPerPicture);
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

    // Captions of like length together: that saves most of the work. Each part goes into the table as soon as all are known.
    private static TextConditions Encode(string[] captions, ITextConditioner text, IProgress<double>? progress, Device? keep)
    {
        using var scope = NewDisposeScope();
        var parts = new List<TextConditions>();
        var masked = false;
        foreach (var some in captions.Chunk(256))
        {
            using var one = NewDisposeScope();
            var encoded = text.Encode(some);
            masked |= encoded.Mask is not null;
            var mask = encoded.Mask ?? ones([some.Length, encoded.Sequence.shape[1]], ScalarType.Bool, encoded.Sequence.device);
            var device = keep ?? encoded.Sequence.device;
            parts.Add(new(encoded.Sequence.to(ScalarType.Float16, device).MoveToOuterDisposeScope(), mask.to(device).alias().MoveToOuterDisposeScope()));
            progress?.Report(0.5 + 0.5 * Math.Min(1.0, parts.Count * 256.0 / captions.Length));
        }
        var (length, place) = (parts.Max(part => part.Sequence.shape[1]), parts[0].Sequence.device);
        var sequence = empty([captions.Length, length, text.Width], ScalarType.Float16, place).DetachFromDisposeScope();
        var masks = zeros([captions.Length, length], ScalarType.Bool, place);
        var at = 0L;
        foreach (var part in parts)
        {
            using var one = NewDisposeScope();
            var (count, tokens) = (part.Sequence.shape[0], part.Sequence.shape[1]);
            var rows = sequence.narrow(0, at, count);
            rows.narrow(1, 0, tokens).copy_(part.Sequence);
            rows.narrow(1, tokens, length - tokens).zero_();
            masks.narrow(0, at, count).narrow(1, 0, tokens).copy_(part.Mask!);
            part.Dispose();
            at += count;
        }
        return new(sequence, masked ? masks.DetachFromDisposeScope() : null);
    }
}
