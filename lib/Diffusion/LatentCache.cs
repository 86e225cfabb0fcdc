using ImageGen.Data;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// A data set as a diffusion training sees it, computed once: every picture's latents and its captions' vectors, so that
/// no training step runs the autoencoder or the text encoder.
/// </summary>
public sealed class LatentCache : IDisposable
{
    private readonly Tensor latents; // [N, C, h, w] float16
    private readonly TextConditions texts; // row 0 is the empty text; then the captions, picture by picture
    private readonly int perPicture;

    private LatentCache(Tensor latents, TextConditions texts, int perPicture) => (this.latents, this.texts, this.perPicture) = (latents, texts, perPicture);

    /// <summary>Pictures in it.</summary>
    public int Count => (int)latents.shape[0];

    /// <summary>Captions of each picture.</summary>
    public int CaptionsPerPicture => perPicture;

    /// <summary>Encodes a data set.</summary>
    /// <param name="pictures">The pictures and their captions.</param>
    /// <param name="autoencoder">To scaled latents; its likeliest ones are kept.</param>
    /// <param name="text">To the captions' vectors.</param>
    /// <param name="captionsPerPicture">How many of each picture's captions to keep, from the first.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    public static LatentCache Of(ICaptionedPictures pictures, AutoencoderKL autoencoder, ITextConditioner text, int captionsPerPicture = 2, IProgress<double>? progress = null)
    {
        if (captionsPerPicture < 1) throw new CourseException($"captionsPerPicture is {captionsPerPicture}: it must be at least 1.");
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (parts, captions) = (new List<Tensor>(), new List<string> { "" });
        var options = new BatchOptions { BatchSize = 32, Shuffle = false, Augment = false, KeepRest = true, Workers = 1 };
        foreach (var batch in new Batches(pictures, options).Epoch())
        {
            using var one = NewDisposeScope();
            using var x = batch.Pictures;
            parts.Add(autoencoder.ToLatents(x).to(ScalarType.Float16).MoveToOuterDisposeScope());
            foreach (var index in batch.Indices)
            {
                var all = pictures.Captions(index);
                captions.AddRange(Enumerable.Range(0, captionsPerPicture).Select(i => all[i % all.Count]));
            }
            progress?.Report(0.5 * parts.Count * 32 / pictures.Count);
        }
        return new(cat(parts, 0).DetachFromDisposeScope(), Encode(captions, text, progress), captionsPerPicture);
    }

    /// <summary>Some pictures' latents and one caption of each.</summary>
    /// <param name="pictures">Which pictures, <c>[B]</c> int64.</param>
    /// <param name="captions">Which of its captions, <c>[B]</c> int64; −1 for none.</param>
    /// <returns>Latents <c>[B, C, h, w]</c> float32 and conditions, which belong to the caller's dispose scope.</returns>
    public (Tensor Latents, TextConditions Text) At(Tensor pictures, Tensor captions)
    {
        using var scope = NewDisposeScope();
        var rows = where(captions.lt(0), zeros_like(captions), pictures * perPicture + captions + 1);
        var mask = texts.Mask!.index_select(0, rows);
        var length = mask.any(0).sum().item<long>(); // no longer than the longest text of these
        var sequence = texts.Sequence.index_select(0, rows).narrow(1, 0, length).to(ScalarType.Float32);
        return (latents.index_select(0, pictures).to(ScalarType.Float32).MoveToOuterDisposeScope(),
            new(sequence.MoveToOuterDisposeScope(), mask.narrow(1, 0, length).MoveToOuterDisposeScope()));
    }

    /// <summary>Frees it.</summary>
    public void Dispose()
    {
        latents.Dispose();
        texts.Dispose();
    }

    private static TextConditions Encode(List<string> captions, ITextConditioner text, IProgress<double>? progress)
    {
        using var scope = NewDisposeScope();
        // Equal captions are encoded once, and those of like length together: that saves most of the work.
        var distinct = captions.Distinct().OrderBy(caption => caption.Length).ThenBy(caption => caption, StringComparer.Ordinal).ToList();
        var parts = new List<TextConditions>();
        foreach (var some in distinct.Chunk(256))
        {
            using var one = NewDisposeScope();
            var encoded = text.Encode(some);
            var mask = encoded.Mask ?? ones([some.Length, encoded.Sequence.shape[1]], ScalarType.Bool, encoded.Sequence.device);
            parts.Add(new(encoded.Sequence.to(ScalarType.Float16).MoveToOuterDisposeScope(), mask.alias().MoveToOuterDisposeScope()));
            progress?.Report(0.5 + 0.5 * parts.Count * 256 / distinct.Count);
        }
        var length = parts.Max(part => part.Sequence.shape[1]);
        var sequence = cat([.. parts.Select(part => nn.functional.pad(part.Sequence, [0, 0, 0, length - part.Sequence.shape[1]]))], 0);
        var masks = cat([.. parts.Select(part => cat([part.Mask!, zeros([part.Mask!.shape[0], length - part.Mask.shape[1]], ScalarType.Bool, part.Mask.device)], 1))], 0);
        var place = distinct.Select((caption, i) => (caption, i)).ToDictionary(pair => pair.caption, pair => (long)pair.i);
        var rows = tensor(captions.Select(caption => place[caption]).ToArray(), device: sequence.device);
        return new(sequence.index_select(0, rows).DetachFromDisposeScope(), masks.index_select(0, rows).DetachFromDisposeScope());
    }
}
