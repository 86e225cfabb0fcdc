using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// Latent diffusion: how near the U-Net comes to the machine's speed, what the loop adds, what one batch for guidance and
/// cached latents save, and what few steps of a better sampler are worth.
/// </summary>
public static class DiffusionBench
{
    private const int Batch = 32, Tokens = 20, Words = 128; // the trainer's own batch

    public static IEnumerable<Measurement> Run() => Speeds().Concat(TwoPrecisions()).Concat(OneBatch()).Concat(Loop()).Concat(Cached()).Concat(FewSteps());

    private static IEnumerable<Measurement> Speeds()
    {
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.Petals(Words), Compute.Device);
        var inputs = Inputs(Batch);
        // As often as takes about as long as a step: then what else the machine does falls on both alike.
        const int times = 4;
        var roofline = times * Roofline.Work;
        var work = 2 * UNetWork.Multiplications(unet, Batch, unet.Config.LatentSide, Tokens) / 1e9;
        var (train, product, _) = Paired.Time(() => TrainStep(unet, inputs), Multiply, rounds: 9);
        yield return new($"U-Net training step, batch {Batch}", train, "s");
        yield return new("  against the roofline", 3 * work / train / (roofline / product), AtLeast: 0.5);
        var (sample, product2, _) = Paired.Time(() => ForwardPass(unet, inputs), Multiply, rounds: 9);
        yield return new($"U-Net forward pass, batch {Batch}", sample, "s");
        yield return new("  against the roofline", work / sample / (roofline / product2), AtLeast: 0.6);

        void Multiply()
        {
            for (var i = 0; i < times; i++) Roofline.Run();
        }
    }

    /// <summary>A training step in float32, against one whose products are in bfloat16: a matter of the machine, so nothing is asked.</summary>
    private static IEnumerable<Measurement> TwoPrecisions()
    {
        if (!Compute.HasBFloat16) yield break;
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.Petals(Words), Compute.Device);
        using var copy = new UNet(unet.Config, Compute.Device);
        var precision = new MixedPrecision(unet, copy);
        var inputs = Inputs(Batch);
        var half = inputs with { X = inputs.X.to(ScalarType.BFloat16), Words = inputs.Words.to(ScalarType.BFloat16) };
        var (_, _, ratio) = Paired.Time(() => TrainStep(unet, inputs), () =>
        {
            precision.TakeWeights();
            TrainStep(copy, half);
            precision.GiveGradients();
        }, rounds: 9);
        yield return new("a step in float32 against mixed precision", ratio);
    }

    private static IEnumerable<Measurement> OneBatch()
    {
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.Petals(Words), Compute.Device);
        var one = Inputs(1);
        var two = Inputs(2);
        var (_, _, ratio) = Paired.Time(() =>
        {
            ForwardPass(unet, one);
            ForwardPass(unet, one);
        }, () => ForwardPass(unet, two), rounds: 101); // a pass takes milliseconds, and few of them say little
        yield return new("two forward passes against one at both texts", ratio, AtLeast: 1.3);
    }

    /// <summary>What the loop of our trainers does around a step, alone, beside a step.</summary>
    private static IEnumerable<Measurement> Loop()
    {
        const int rounds = 200;
        using var scope = NewDisposeScope();
        using var unet = new UNet(UNetConfig.Petals(Words), Compute.Device);
        var (inputs, loss) = (Inputs(Batch), zeros(1));
        var (empty, step, _) = Paired.Time(() => new TrainingLoop(rounds, ["loss"]).Run(_ => loss.alias()), () => TrainStep(unet, inputs), rounds: 7);
        yield return new("training loop against bare steps", 1 + empty / rounds / step, AtMost: 1.02);
    }

    /// <summary>A step that takes latents and words from the cache, against one that encodes them anew.</summary>
    private static IEnumerable<Measurement> Cached()
    {
        using var scope = NewDisposeScope();
        using var autoencoder = new AutoencoderKL(AutoencoderConfig.Petals, Compute.Device);
        using var unet = new UNet(UNetConfig.Petals(Words), Compute.Device);
        using var bert = BertText.Mini(Compute.Device);
        var text = new BertConditioner(bert);
        var data = new Petals(Split.Train, 64);
        using var cache = LatentCache.Of(data, autoencoder, text);
        var (which, first, pictures) = (arange(Batch), zeros(Batch, ScalarType.Int64), PictureTensors.Of(data, Batch).to(Compute.Device));
        string[] captions = [.. Enumerable.Range(0, Batch).Select(i => data.Captions(i)[0])];
        var (_, _, ratio) = Paired.Time(
            () => Step(autoencoder.ToLatents(pictures), text.Encode(captions)),
            () => { var (latents, words) = cache.At(which, first); Step(latents, words); }, rounds: 7);
        yield return new("a step that encodes, against cached latents", ratio, AtLeast: 1.1);

        void Step(Tensor latents, TextConditions words)
        {
            using var one = NewDisposeScope();
            var loss = unet.call(latents, full([Batch], 500L), words.Sequence, words.Mask).square().mean();
            unet.zero_grad();
            loss.backward();
            latents.Dispose();
            words.Dispose();
        }
    }

    /// <summary>DPM-Solver++ at 15 steps and DDIM at 50, by what the course's own networks see in their pictures: proxies.</summary>
    private static IEnumerable<Measurement> FewSteps()
    {
        if (!Checkpoints.Exists("unet")) yield break;
        using var scope = NewDisposeScope();
        var (model, exam) = (LatentDiffusion.Pretrained(), new FlowerExam(Split.Test, 128));
        var few = Grade(new() { Sampler = SamplerKind.DpmSolver, Steps = 15 });
        var many = Grade(new() { Sampler = SamplerKind.Ddim, Steps = 50 });
        yield return new("DDIM, 50 steps: attributes right", many.Attributes.All!.Value);
        yield return new("DPM-Solver++, 15 steps: attributes right", few.Attributes.All!.Value);
        yield return new("DDIM, 50 steps: CLIP score (proxy)", many.ClipScore.Value);
        yield return new("  DPM-Solver++, 15 steps, against it", few.ClipScore.Value / many.ClipScore.Value, AtLeast: 0.98);
        yield return new("DDIM, 50 steps: Fréchet (proxy)", many.Frechet.Value);
        yield return new("  DPM-Solver++, 15 steps, against it", few.Frechet.Value / many.Frechet.Value, AtMost: 1.1);

        Scorecard Grade(GenerationOptions options)
        {
            using var pictures = model.Generate(exam.Captions, options);
            return exam.Grade($"{options.Sampler}", pictures);
        }
    }

    private static (Tensor X, Tensor Timesteps, Tensor Words) Inputs(int count) =>
        (randn(count, 4, 16, 16), randint(1000, [count], ScalarType.Int64), randn(count, Tokens, Words));

    private static void ForwardPass(UNet unet, (Tensor X, Tensor Timesteps, Tensor Words) inputs)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        unet.call(inputs.X, inputs.Timesteps, inputs.Words, null);
    }

    private static Tensor TrainStep(UNet unet, (Tensor X, Tensor Timesteps, Tensor Words) inputs)
    {
        using var scope = NewDisposeScope();
        var loss = unet.call(inputs.X, inputs.Timesteps, inputs.Words, null).square().mean();
        unet.zero_grad();
        loss.backward();
        return loss.detach().view(1).MoveToOuterDisposeScope();
    }
}
