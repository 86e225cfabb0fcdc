using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Teaches the decoder of a trained autoencoder on, while the encoder stays as it is to the bit: what was trained on
/// its latents keeps fitting. Latents do not hold all of a picture, and what is least wrong on average is a blur. So a
/// discriminator joins in, which asks for petals with edges rather than for their mean (Esser and others, arXiv
/// 2012.09841).
/// </summary>
public static class DecoderTraining
{
    /// <summary>The numbers each step reports; <c>discriminator</c> is 2 when it can tell nothing.</summary>
    public static IReadOnlyList<string> LossNames { get; } = ["pixels", "edges", "features", "discriminator"];

    /// <summary>Trains the decoder in place and leaves the averaged weights in it, in evaluation mode.</summary>
    /// <param name="model">A trained autoencoder of <see cref="PatchDiscriminator.Factor"/> pixels to a latent.</param>
    /// <param name="pictures">What to learn; all are drawn and encoded once, and kept in memory.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">
    /// Told of the steps; may be null. Samples show pictures above their reconstructions.
    /// </param>
    /// <param name="cancellation">Stops before the next step; what was learned stays.</param>
    /// <returns>The losses, and the time with that of earlier runs it went on from.</returns>
    /// <exception cref="CourseException">
    /// An option is out of range, the autoencoder has another factor, or a loss is not a number.
    /// </exception>
    public static LoopResult Run(
        AutoencoderKL model, ICaptionedPictures pictures, DecoderOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        options.Check();
        if (model.Config.Factor != PatchDiscriminator.Factor)
            throw new CourseException($"The autoencoder has {model.Config.Factor} pixels to a latent, and the "
                + $"discriminator works with {PatchDiscriminator.Factor}: use one of three resolutions.");
        using var scope = NewDisposeScope();
        manual_seed(options.Seed);
        using var discriminator = new PatchDiscriminator(model.Config.LatentChannels, device: model.Device);
        Parameter[] learning = [.. model.DecoderParameters()];
        using var optimizer = optim.Adam(learning, lr: options.LearningRate, beta1: 0.5, beta2: 0.99);
        using var opponent = optim.Adam(
            discriminator.parameters(), lr: options.DiscriminatorRate, beta1: 0.5, beta2: 0.99);
        using var ema = new Ema(model, options.Decay);
        var state = new TrainingState().Add("model", model).Add("ema", ema).Add("adam", optimizer)
            .Add("discriminator", discriminator).Add("discriminator adam", opponent);
        state.Resume(options.Resume, options.StateFile);
        var (shown, latents) = Encoded(model, pictures, cancellation);
        var encoder = model.EncoderParameters().Select(parameter => parameter.Value).ToArray();
        foreach (var parameter in encoder) parameter.requires_grad = false;
        var loop = new TrainingLoop(options.Steps, LossNames, state,
        [
            new LearningRateSchedule(optimizer, step => options.LearningRate * Rate(step)),
            new LearningRateSchedule(opponent, step => options.DiscriminatorRate * Math.Max(0.1, Rate(step))),
            new StepSeeds(options.Seed),
            ema,
            new StateSaving(options.StateFile, options.SaveEvery),
            new ProgressReports(progress, Sample, options.SampleEvery),
            new Cancellation(cancellation),
        ]);

        model.train();
        var result = loop.Run(Step);
        ema.CopyToModel();
        foreach (var parameter in encoder) parameter.requires_grad = true;
        model.eval();
        return result;

        double Rate(int step) => LearningRates.Cosine(step, options.Steps, options.WarmUp, lowest: 0.02);

        Picture Sample() => AutoencoderTraining.Compare(model, ema, shown[..8].to(ScalarType.Float32) / 127.5 - 1);

        Tensor Step(int step)
        {
            var places = randint(shown.shape[0], [options.BatchSize], ScalarType.Int64, model.Device);
            var x = shown.index_select(0, places).to(ScalarType.Float32) / 127.5 - 1;
            var z = latents.index_select(0, places).to(ScalarType.Float32);
            if (options.LatentNoise > 0)
                z = z + options.LatentNoise * rand(options.BatchSize, 1, 1, 1, device: z.device) * randn_like(z);
            var made = model.Decode(z / model.Config.ScalingFactor);

            // First the discriminator learns: real and made pictures in one batch.
            var (logits, maps) = discriminator.LogitsAndMaps(cat([x, made.detach()], 0), cat([z, z], 0));
            var halves = logits.chunk(2, 0);
            var told = GanLosses.Real(halves[0], AdversarialLoss.Hinge) + GanLosses.Fake(
                halves[1], AdversarialLoss.Hinge);
            opponent.zero_grad();
            told.backward();
            Gradients.ClipNorm(discriminator.parameters(), 1);
            opponent.step();

            // Then the decoder. The way back ends at the made picture first, so that the discriminator learns nothing
            // here.
            var y = made.detach().requires_grad_(true);
            var (scores, madeMaps) = discriminator.LogitsAndMaps(y, z);
            var losses = stack(
            [
                (y - x).abs().mean(), AutoencoderTraining.Edges(y, x), Distance(madeMaps, maps),
                GanLosses.ForGenerator(scores, AdversarialLoss.Hinge),
            ]);
            var adversarial = options.AdversarialWeight * Math.Clamp(
                (step - options.AdversarialFrom) / (double)options.AdversarialWarmUp, 0, 1);
            var weights = tensor(
                new[] { 1, (float)options.EdgeWeight, (float)options.FeatureWeight, (float)adversarial },
                device: x.device);
            var wanted = autograd.grad([(losses * weights).sum()], [y])[0];
            optimizer.zero_grad();
            made.backward([wanted]);
            Gradients.ClipNorm(learning, 1);
            optimizer.step();
            return cat([losses.detach()[..3], told.detach().view(1)]);
        }
    }

    // How far the maps of made pictures are from those of the real ones, which stand first in theirs: a share of these.
    private static Tensor Distance(IReadOnlyList<Tensor> made, IReadOnlyList<Tensor> both)
    {
        using var scope = NewDisposeScope();
        return stack([.. made.Zip(both, (maps, of) =>
        {
            var real = of.detach().narrow(0, 0, maps.shape[0]);
            return (maps - real).abs().mean() / real.abs().mean();
        })]).sum().MoveToOuterDisposeScope();
    }

    // Pictures as bytes, [N, 3, S, S], and their scaled latents, [N, C, S/4, S/4] float16.
    private static (Tensor Pictures, Tensor Latents) Encoded(
        AutoencoderKL model, ICaptionedPictures pictures, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        model.eval();
        var (shown, latents) = (new List<Tensor>(), new List<Tensor>());
        var options = new BatchOptions { BatchSize = 32, Shuffle = false, Augment = false, KeepRest = true };
        foreach (var batch in new Batches(pictures, options).Epoch())
        {
            cancellation.ThrowIfCancellationRequested();
            using var one = NewDisposeScope();
            using var x = batch.Pictures;
            shown.Add(((x + 1) * 127.5).round().to(ScalarType.Byte).MoveToOuterDisposeScope());
            latents.Add(model.ToLatents(x).to(ScalarType.Float16).MoveToOuterDisposeScope());
        }
        return (cat(shown, 0).MoveToOuterDisposeScope(), cat(latents, 0).MoveToOuterDisposeScope());
    }
}
