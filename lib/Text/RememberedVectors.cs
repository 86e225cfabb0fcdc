using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>An encoder that reads each caption once and keeps its vector: training sees the same captions again and again.</summary>
/// <param name="inner">Who reads; it stays the caller's.</param>
/// <param name="most">How many vectors to keep; captions beyond are read each time.</param>
public sealed class RememberedVectors(ICaptionEncoder inner, int most = 200_000) : ICaptionEncoder
{
    private readonly Dictionary<string, float[]> known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public int Width => inner.Width;

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<string> captions)
    {
        using var scope = NewDisposeScope();
        string[] unread = [.. captions.Where(caption => !known.ContainsKey(caption)).Distinct(StringComparer.Ordinal)];
        var fresh = new Dictionary<string, float[]>(StringComparer.Ordinal);
        if (unread.Length > 0)
        {
            var values = inner.Encode(unread).to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
            for (var i = 0; i < unread.Length; i++)
            {
                fresh[unread[i]] = values[(i * Width)..((i + 1) * Width)];
                if (fresh[unread[i]].Any(float.IsNaN))
                    throw new CourseException($"{inner.Name} gives the caption '{unread[i].ReplaceLineEndings(" ")}' a vector with numbers that are none (NaN): its weights are damaged, or its training failed.");
            }
            foreach (var (caption, vector) in fresh)
                if (known.Count < most) known[caption] = vector;
        }
        var all = new float[captions.Count * Width];
        for (var i = 0; i < captions.Count; i++)
            (known.TryGetValue(captions[i], out var vector) ? vector : fresh[captions[i]]).CopyTo(all, i * Width);
        return tensor(all, [captions.Count, Width]).to(Compute.Device).MoveToOuterDisposeScope();
    }
}
