using ImageGen.Data;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// A data set as a diffusion training sees it, computed once: every picture's latents and its captions' vectors, so
/// that no training step runs the autoencoder or the text encoder.
/// </summary>
public sealed class LatentCache : IDisposable
{
    private readonly Tensor latents; // [n, C, h, w] float16, of those pictures that are encoded
    private readonly Tensor rows; // [N] int64: where a picture's latents stand there; −1 where it is not encoded
    private readonly TextConditions texts; // each distinct caption once, float16
    // [1 + N·perPicture] int64: where a caption stands there; first the empty text's, then picture by picture; −1 as
    // above
    private readonly Tensor places;
    private readonly int perPicture;

    private LatentCache(Tensor latents, Tensor rows, TextConditions texts, Tensor places, int perPicture) =>
        (this.latents, this.rows, this.texts, this.places, this.perPicture) = (
            latents, rows, texts, places, perPicture);

    /// <summary>Pictures in the data set, encoded or not.</summary>
    public int Count => (int)rows.shape[0];

    /// <summary>Pictures that are encoded.</summary>
    public int Encoded => (int)latents.shape[0];

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
    /// <param name="keep">
    /// Where it is kept: on the models' device when null; on the CPU it takes nothing of a small card.
    /// </param>
    /// <param name="parts">
    /// Where parts are kept, so that an encoding that was stopped goes on; nowhere when null.
    /// </param>
    /// <param name="only">Which pictures to encode, each once: those that a training will see. All when null.</param>
    /// <param name="cancellation">Stops after a few pictures or captions; the parts stay.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static LatentCache Of(
        ICaptionedPictures pictures, AutoencoderKL autoencoder, ITextConditioner text, int captionsPerPicture =
            2, IProgress<EncodingProgress>? progress = null,
        Device? keep =
            null, EncodedParts? parts =
                null, IReadOnlyList<int>? only = null, CancellationToken cancellation = default) =>
        Of(
            pictures, new Lazy<AutoencoderKL>(() => autoencoder), new Lazy<ITextConditioner>(() => text),
            captionsPerPicture, progress, keep, parts, only, cancellation);

    /// <summary>The same; the models are opened only where something is to be encoded.</summary>
    internal static LatentCache Of(
        ICaptionedPictures pictures, Lazy<AutoencoderKL> autoencoder, Lazy<ITextConditioner> text,
        int captionsPerPicture, IProgress<EncodingProgress>? progress,
        Device? keep, EncodedParts? parts, IReadOnlyList<int>? only, CancellationToken cancellation)
    {
        if (captionsPerPicture < 1)
            throw new CourseException($"captionsPerPicture is {captionsPerPicture}: it must be at least 1.");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        only ??= [.. Enumerable.Range(0, pictures.Count)];
        var collector = new EncodingCollector(parts, keep, progress, cancellation);

        var latents = new List<Tensor>();
        var rows = new long[pictures.Count];
        Array.Fill(rows, -1);
        var row = 0L;
        foreach (var (items, part) in collector.Pictures(new SomePictures(pictures, only), autoencoder))
        {
            latents.Add(part["latents"]);
            foreach (var item in items) rows[only[item]] = row++;
        }

        string[][] captions = [.. only.Select(index => CaptionsOf(pictures.Captions(index), captionsPerPicture))];
        string[] distinct = [.. captions.SelectMany(some => some).Append("").Distinct()
            .OrderBy(caption => caption.Length).ThenBy(caption => caption, StringComparer.Ordinal)];
        var place = new Dictionary<string, long>();
        var found = new List<(Tensor Sequence, Tensor? Mask)>();
        foreach (var (items, part) in collector.Captions(distinct, text))
        {
            found.Add((part["texts"], part.GetValueOrDefault("mask")));
            foreach (var item in items) place[distinct[item]] = place.Count;
        }
        var places = new long[1 + pictures.Count * captionsPerPicture];
        Array.Fill(places, -1);
        places[0] = place[""];
        for (var i = 0; i < only.Count; i++)
            for (var k = 0; k < captionsPerPicture; k++)
                places[1 + only[i] * captionsPerPicture + k] = place[captions[i][k]];

        var texts = Table(found);
        var all = cat(latents, 0);
        return new(all.DetachFromDisposeScope(), tensor(rows, device: all.device).DetachFromDisposeScope(), texts,
            tensor(places, device: texts.Sequence.device).DetachFromDisposeScope(), captionsPerPicture);
    }

    /// <summary>Some pictures' latents and one caption of each.</summary>
    /// <param name="pictures">Which pictures, <c>[B]</c> int64.</param>
    /// <param name="captions">Which of its captions, <c>[B]</c> int64; −1 for none.</param>
    /// <returns>
    /// Latents <c>[B, C, h, w]</c> float32 and conditions, which belong to the caller's dispose scope.
    /// </returns>
    public (Tensor Latents, TextConditions Text) At(Tensor pictures, Tensor captions)
    {
        using var scope = NewDisposeScope();
        var which = places.index_select(
            0, where(captions.lt(0), zeros_like(captions), pictures * perPicture + captions + 1).to(places.device));
        var sequence = texts.Sequence.index_select(0, which);
        var mask = texts.Mask?.index_select(0, which);
        if (mask is not null)
        {
            // No longer than the longest text of these; on a GPU the answer would have to be waited for, and takes
            // longer than the work it saves.
            var length = mask.device_type == DeviceType.CPU ? mask.any(0).sum().item<long>() : mask.shape[1];
            (sequence, mask) = (sequence.narrow(1, 0, length), mask.narrow(1, 0, length).to(pictures.device));
        }
        var clean = latents.index_select(0, rows.index_select(0, pictures.to(rows.device))).to(
            ScalarType.Float32, pictures.device);
        return (
            clean.MoveToOuterDisposeScope(),
            new(
                sequence.to(ScalarType.Float32, pictures.device).MoveToOuterDisposeScope(),
                mask?.MoveToOuterDisposeScope()));
    }

    /// <summary>Frees it.</summary>
    public void Dispose()
    {
        latents.Dispose();
        rows.Dispose();
        texts.Dispose();
        places.Dispose();
    }

    private static string[] CaptionsOf(IReadOnlyList<string> all, int count) =>
        [.. Enumerable.Range(0, count).Select(i => all[i % all.Count])];

    // Each part goes into the table, and is freed, as soon as all are known: together they are never held twice.
    private static TextConditions Table(List<(Tensor Sequence, Tensor? Mask)> parts)
    {
        var (count, length, device) = (
            parts.Sum(part => part.Sequence.shape[0]), parts.Max(part => part.Sequence.shape[1]),
            parts[0].Sequence.device);
        var sequence = empty([count, length, parts[0].Sequence.shape[2]], ScalarType.Float16, device)
            .DetachFromDisposeScope();
        var masks = parts.Any(part => part.Mask is not null)
            ? zeros([count, length], ScalarType.Bool, device).DetachFromDisposeScope()
            : null;
        var at = 0L;
        foreach (var part in parts)
        {
            using var one = NewDisposeScope();
            var (rows, tokens) = (part.Sequence.shape[0], part.Sequence.shape[1]);
            var here = sequence.narrow(0, at, rows);
            here.narrow(1, 0, tokens).copy_(part.Sequence);
            here.narrow(1, tokens, length - tokens).zero_();
            if (part.Mask is null) masks?.narrow(0, at, rows).narrow(1, 0, tokens).fill_(true);
            else masks!.narrow(0, at, rows).narrow(1, 0, tokens).copy_(part.Mask);
            part.Sequence.Dispose();
            part.Mask?.Dispose();
            at += rows;
        }
        return new(sequence, masks);
    }
}
