using System.Text.Json;
using ImageGen.Diffusion;
using ImageGen.Text;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The files in tests/Fixtures/diffusion, which make_diffusion.py made with an implementation of its own.</summary>
internal static class DiffusionFixtures
{
    internal static JsonElement Models { get; } = Json("models.json");

    internal static JsonElement WholeWay { get; } = Json("stable-diffusion.json");

    internal static JsonElement Samplers { get; } = Json("samplers.json");

    /// <summary>Of make_schedulers.py, which asked diffusers.</summary>
    internal static JsonElement Schedulers { get; } = Json("schedulers.json");

    internal static AutoencoderConfig TinyAutoencoder { get; } = new([32, 64], ResnetsPerLevel: 1);

    internal static UNetConfig TinyUNet { get; } = new([32, 64], [false, true], ContextWidth: 32, LatentSide: 8);

    internal static double[] Numbers(this JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetDouble())];

    /// <summary>The script's numbers(stream, …): a hash of place and stream, −1 to 1.</summary>
    internal static Tensor Inputs(int stream, params long[] shape)
    {
        var values = new float[shape.Aggregate((a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
        {
            var h = unchecked((uint)(i + 1) * 2654435761u + (uint)(stream + 1) * 40503u);
            h = unchecked((h ^ (h >> 15)) * 2246822519u);
            h ^= h >> 13;
            values[i] = (float)((h / 4294967296.0 - 0.5) * 2);
        }
        return tensor(values, shape);
    }

    /// <summary>A small Stable Diffusion 1 with weights by formula: pictures of 16 × 16 pixels.</summary>
    internal static LatentDiffusion Small()
    {
        var text = FormulaWeights.Fill(new ClipTextEncoder(new(VocabularySize: 614, Width: 32, Layers: 5, Heads: 4, FeedForward: 37, Projection: null)));
        var unet = FormulaWeights.Shrink(FormulaWeights.Fill(new UNet(TinyUNet)), "conv_out", 0.05);
        var autoencoder = FormulaWeights.Shrink(FormulaWeights.Fill(new AutoencoderKL(TinyAutoencoder with { ScalingFactor = 0.18215 })), "decoder.conv_out", 0.25);
        var tokenizer = ClipTokenizer.Load(TextFixtures.Path("clip/vocab.json"), TextFixtures.Path("clip/merges.txt"));
        return new(autoencoder, unet, new ClipConditioner(tokenizer, text), DiffusionConfig.StableDiffusion);
    }

    private static JsonElement Json(string name) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "diffusion", name))).RootElement;
}
