using ImageGen.Layers;
using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>
/// G(z, e): from noise and a text embedding to a picture of 64×64 (DCGAN, arXiv 1511.06434, with the text as Reed and
/// others add it, arXiv 1605.05396). At full width it has the published table's 4,756,736 parameters.
/// </summary>
public sealed class GanGenerator : NamedModule<Tensor, Tensor, Tensor>
{
    private readonly TextCompression text;
    private readonly GrowingBlock[] blocks;
    private readonly nn.Module<Tensor, Tensor> last;

    /// <summary>Makes an untrained generator.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    /// <exception cref="CourseException">The configuration makes no network.</exception>
    public GanGenerator(GanConfig config, Device? device = null) : base(nameof(GanGenerator))
    {
        Config = config.Checked();
        var width = config.GeneratorWidth;
        register_module("text", text = new TextCompression(config.TextWidth, config.TextCode, normalize: true, device));
        // 4×4, 8×8, 16×16, 32×32.
        int[] channels = [config.NoiseWidth + config.TextCode, 8 * width, 4 * width, 2 * width, width];
        blocks = [.. Enumerable.Range(0, 4).Select(i => new GrowingBlock(
            i == 0 ? new FirstMaps(channels[0], channels[1], device) : Growing(channels[i], channels[i + 1]),
            channels[i + 1], device))];
        for (var i = 0; i < blocks.Length; i++) register_module($"block{i + 1}", blocks[i]);
        register_module("last", last = Growing(width, 3));
        GanWeights.Initialize(this);

        nn.Module<Tensor, Tensor> Growing(int from, int to) => config.Upsampling == Upsampling.Transposed
            ? nn.ConvTranspose2d(from, to, 4, stride: 2, padding: 1, bias: false, device: device)
            : new UpsamplingConv2d(from, to, device);
    }

    /// <summary>Its configuration.</summary>
    public GanConfig Config { get; }

    /// <summary>Draws pictures.</summary>
    /// <param name="noise">z, <c>[B, NoiseWidth]</c>, from the standard normal distribution.</param>
    /// <param name="embedding">e, <c>[B, TextWidth]</c>.</param>
    /// <returns><c>[B, 3, 64, 64]</c> in [−1, 1].</returns>
    public override Tensor forward(Tensor noise, Tensor embedding)
    {
        using var scope = NewDisposeScope();
        var maps = cat([noise, text.call(embedding)], 1);      // [B, NoiseWidth + TextCode]
        foreach (var block in blocks) maps = block.call(maps); // [B, 8w, 4, 4] … [B, w, 32, 32]
        maps = last.call(maps);                                // [B, 3, 64, 64]
        if (Config.Upsampling == Upsampling.Smoothed) maps = Smoothing.Apply(maps);
        return maps.tanh().MoveToOuterDisposeScope();
    }
}
