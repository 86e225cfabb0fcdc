using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>The same captions with the same noise, drawn again and again as a training goes: a row a caption.</summary>
public sealed class CaptionGrid(IReadOnlyList<string> captions, ICaptionEncoder encoder, int each = 4, int seed = Seeds.Default)
{
    /// <summary>What is to be seen, a row each.</summary>
    public IReadOnlyList<string> Captions { get; } = captions;

    /// <summary>Draws the grid with the averaged generator, which goes back to training afterwards.</summary>
    public Picture Draw(GanTrainer trainer)
    {
        using var averaged = trainer.Average.InPlace();
        var training = trainer.Generator.training;
        trainer.Generator.eval();
        try
        {
            return Draw(trainer.Generator);
        }
        finally
        {
            trainer.Generator.train(training);
        }
    }

    /// <summary>Draws the grid.</summary>
    public Picture Draw(GanGenerator generator)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var chance = new Generator((ulong)seed);
        var noise = randn([each, generator.Config.NoiseWidth], generator: chance).repeat(Captions.Count, 1).to(Compute.Device);
        var texts = encoder.Encode(Captions).repeat_interleave(each, 0);
        return Grid.Of(generator.call(noise, texts), columns: each, gap: 2, range: PixelRange.MinusOneToOne);
    }
}
