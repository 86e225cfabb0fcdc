using System.Text.Json;
using ImageGen.Diffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The file in tests/Fixtures/adapters, which make_adapters.py worked out, and small models to adapt.</summary>
internal static class AdapterFixtures
{
    internal static JsonElement All { get; } =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "adapters", "adapters.json"))).RootElement;

    internal static UNet TinyUNet(int contextWidth = 16)
    {
        manual_seed(5);
        var unet = new UNet(new([8, 16], [false, true], contextWidth, ResnetsPerLevel: 1, Heads: 2, NormGroups: 2, LatentSide: 4));
        unet.eval();
        return unet;
    }

    /// <summary>What the U-Net says of fixed inputs.</summary>
    internal static Tensor Ask(this UNet unet)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator(1);
        return unet.call(randn([2, 4, 4, 4], generator: generator), tensor(new[] { 10L, 800 }), randn([2, 3, unet.Config.ContextWidth], generator: generator), null).MoveToOuterDisposeScope();
    }

    internal static Tensor Matrix(this JsonElement rows) =>
        tensor(rows.EnumerateArray().SelectMany(row => row.EnumerateArray().Select(value => value.GetSingle())).ToArray(), [rows.GetArrayLength(), rows[0].GetArrayLength()]);

    internal static bool Same(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        return a.shape.AsSpan().SequenceEqual(b.shape) && a.eq(b).all().item<bool>();
    }

    /// <summary>Gives B numbers, as if it had learned.</summary>
    internal static ImageGen.Adapters.Lora Taught(this ImageGen.Adapters.Lora lora, int seed = 3)
    {
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var layer in lora.Layers.Values)
        {
            using var values = randn(layer.B.shape, generator: generator);
            layer.B.copy_(values);
        }
        return lora;
    }
}
