using System.Diagnostics;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>The same captions with the same noise, drawn again and again as a training goes: a row a caption.</summary>
/// <param name="captions">What is to be seen.</param>
/// <param name="encoder">From captions to vectors.</param>
/// <param name="each">Pictures of each caption.</param>
/// <param name="seed">Where the noise begins.</param>
public sealed class CaptionGrid(
    IReadOnlyList<string> captions, ICaptionEncoder encoder, int each = 4, int seed = Seeds.Default)
{
    // Of a training's time, drawing may take a fiftieth.
    private const int Rest = 50;

    private readonly Stopwatch sinceDrawn = new();
    private TimeSpan drawing;
    private Picture? last;

    /// <summary>
    /// The grid of the averaged generator, or the last one where drawing a new one so soon would hold up the training.
    /// </summary>
    /// <param name="trainer">Its generator goes back to training afterwards.</param>
    public Picture Draw(GanTrainer trainer)
    {
        if (last is not null && sinceDrawn.Elapsed < drawing * Rest) return last;
        sinceDrawn.Restart();
        using (trainer.Average.InPlace())
        {
            var training = trainer.Generator.training;
            trainer.Generator.eval();
            last = Draw(trainer.Generator);
            trainer.Generator.train(training);
        }
        drawing = sinceDrawn.Elapsed;
        return last;
    }

    /// <summary>The grid of a generator as it is.</summary>
    public Picture Draw(GanGenerator generator)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var seeded = new Generator((ulong)seed);
        var noise = randn([each, generator.Config.NoiseWidth], generator: seeded).to(Compute.Device)
            .repeat(captions.Count, 1);
        var texts = encoder.Encode(captions).repeat_interleave(each, 0);
        return Grid.Of(generator.call(noise, texts), columns: each, gap: 2, range: PixelRange.MinusOneToOne);
    }
}
