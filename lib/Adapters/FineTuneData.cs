using System.Security.Cryptography;
using System.Text;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>What a fine-tuning learns from: which of the pictures its steps look at, and what all of it is known by.</summary>
internal sealed class FineTuneData(string model, ICaptionedPictures pictures, FineTuneOptions options, ScalarType type)
{
    private readonly Dictionary<int, string> ids = [];

    internal ICaptionedPictures Pictures => pictures;

    internal int CaptionsPerPicture => options.CaptionsPerPicture;

    /// <summary>The type that pictures and captions are encoded in, and the U-Net computes in.</summary>
    internal ScalarType Type => type;

    /// <summary>With what pictures and captions are encoded: encoded otherwise, they are others.</summary>
    internal string EncodedWith { get; } = $"{Path.GetFullPath(model)}|{pictures.Side}|{type}|{Compute.Device.type}";

    /// <summary>The pictures that the steps look at, in their order.</summary>
    internal IReadOnlyList<int> Seen { get; } = FineTuning.PicturesSeen(pictures.Count, options);

    /// <summary>The settings of so many steps, perhaps other than the options'.</summary>
    internal FineTuneSettings Settings(int steps) => new(KeyOf(steps), steps, options.Rank, options.BatchSize, options.LearningRate, options.Quantize, options.Seed);

    // Captions are counted in whether they are seen or not: they cost nothing. The other pictures would have to be read for it.
    private string KeyOf(int steps)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add($"{EncodedWith}|{options.CaptionsPerPicture}|{pictures.Count}");
        for (var i = 0; i < pictures.Count; i++) Add(string.Join('\n', pictures.Captions(i)));
        foreach (var i in steps == options.Steps ? Seen : FineTuning.PicturesSeen(pictures.Count, options with { Steps = steps })) Add(IdOf(i));
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\0'));
    }

    private string IdOf(int picture) => ids.TryGetValue(picture, out var known) ? known : ids[picture] = EncodedParts.IdOf(pictures.Picture(picture));
}
