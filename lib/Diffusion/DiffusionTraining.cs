using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Trains the U-Net of a latent diffusion model (Rombach and others, arXiv 2112.10752): latents, noise, a timestep; the
/// model says what is noise, and the mean squared error tells it how wrong it was.
/// </summary>
public static class DiffusionTraining
{
    private const double MaxGradientNorm = 1;

    /// <summary>
    /// The numbers each step reports: the loss, and the loss by quarters of the timesteps, from nearly clean to nearly
    /// noise.
    /// </summary>
    public static IReadOnlyList<string> LossNames { get; } =
        ["loss", "first quarter", "second quarter", "third quarter", "last quarter"];

    /// <summary>Trains the U-Net in place and leaves the averaged weights in it, in evaluation mode.</summary>
    /// <param name="model">The model; only its U-Net learns.</param>
    /// <param name="data">What to learn, encoded.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the steps; may be null.</param>
    /// <param name="cancellation">Stops before the next step; what was learned stays.</param>
    /// <returns>The losses, and the time with that of earlier runs it went on from.</returns>
    /// <exception cref="CourseException">
    /// An option is out of range, a loss is not a number, or memory ran out.
    /// </exception>
    public static LoopResult Run(
        LatentDiffusion model, LatentCache data, DiffusionOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default) =>
        Run(model, model.UNet, data, options, progress, cancellation);

    /// <summary>
    /// Trains something in or on the U-Net, such as an adapter, in the same way; what else the U-Net has is used and
    /// stays as it is.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="learner">What learns: its parameters go to the optimizer, and its averages are left in it.</param>
    /// <param name="data">What to learn, encoded.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the steps; may be null.</param>
    /// <param name="cancellation">Stops before the next step; what was learned stays.</param>
    /// <inheritdoc
    /// cref="Run(LatentDiffusion, LatentCache, DiffusionOptions?, IProgress{TrainingProgress}?, CancellationToken)"/>
    public static LoopResult Run(
        LatentDiffusion model, nn.Module learner, LatentCache data, DiffusionOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var samples = options.SampleCaptions.Count == 0 ? (Func<Tensor>?)null
            : () => model.Generate(options.SampleCaptions, new() { Steps = 15, Seed = options.Seed });
        return Run(model.UNet, model.Config, learner, data, options, progress, cancellation, samples);
    }

    /// <summary>
    /// The same with a U-Net alone: what is encoded already needs neither autoencoder nor text encoder.
    /// </summary>
    internal static LoopResult Run(
        UNet unet, DiffusionConfig config, nn.Module learner, LatentCache data, DiffusionOptions options,
        IProgress<TrainingProgress>? progress =
            null, CancellationToken cancellation = default, Func<Tensor>? samples = null)
    {
        options.Check();
        Require(unet, learner, options);
        using var scope = NewDisposeScope();
        var schedule = config.Schedule();
        using var copy = options.MixedPrecision ? new UNet(unet.Config, unet.Device) : null;
        var precision = copy is null ? null : new MixedPrecision(unet, copy);
        var scaler = unet.Type == ScalarType.Float16 ? new LossScaler(options.FirstLossScale) : null;
        using var optimizer = optim.AdamW(
            learner.parameters(), lr: options.LearningRate, beta1: 0.9, beta2: 0.99, weight_decay: 0.01);
        using var ema = new Ema(learner, options.Decay);
        var state = new TrainingState().Add("model", learner).Add("ema", ema).Add("adam", optimizer);
        if (scaler is not null) state.Add("loss", scaler);
        state.Resume(options.Resume, options.StateFile);
        var loop = new TrainingLoop(options.Steps, LossNames, state,
        [
            new LearningRateSchedule(optimizer, Rate),
            new StepSeeds(options.Seed),
            ema,
            new StateSaving(options.StateFile, options.SaveEvery),
            new ProgressReports(progress, samples is null ? null : Sample, options.SampleEvery),
            new Cancellation(cancellation),
        ]);

        learner.train();
        var result = MemoryShortage.Explained(() => loop.Run(Step), "lower BatchSize, and raise Accumulate by as much");
        ema.CopyToModel();
        learner.eval();
        return result;

        double Rate(int step) =>
            options.LearningRate * LearningRates.Cosine(step, options.Steps, options.WarmUp, lowest: 0.01);

        Tensor Step(int step)
        {
            optimizer.zero_grad();
            precision?.TakeWeights();
            var reports = new List<Tensor>();
            for (var part = 0; part < options.Accumulate; part++)
            {
                using var one = NewDisposeScope();
                var (loss, report) = Loss(copy ?? unet, schedule, config.Prediction, data, options);
                loss = loss / options.Accumulate;
                (scaler?.Scaled(loss) ?? loss).backward();
                precision?.GiveGradients();
                reports.Add(report.MoveToOuterDisposeScope());
            }
            var losses = stack(reports).mean([0]);
            loop.Skipped = !Clip(losses);
            if (!loop.Skipped) optimizer.step();
            return losses;
        }

        // False where gradients in float16 overflow: the step is left out.
        bool Clip(Tensor losses)
        {
            if (scaler is null)
            {
                Gradients.ClipNorm(learner.parameters(), MaxGradientNorm);
                return true;
            }
            scaler.Unscale(learner.parameters());
            // The length tells of an overflow: the one number a step for which a GPU is waited for.
            if (scaler.Allows(nn.utils.clip_grad_norm_(learner.parameters(), MaxGradientNorm))) return true;
            if (losses[0].isfinite().item<bool>()) return false;
            throw LossScaler.Unsuitable("the model's own numbers overflow, so that the loss is none");
        }

        Picture Sample()
        {
            using var one = NewDisposeScope();
            using var averaged = ema.InPlace();
            var columns = (options.SampleCaptions.Count + 1) / 2;
            return Grid.Of(samples(), columns: columns, zoom: 2, range: PixelRange.MinusOneToOne);
        }
    }

    private static void Require(UNet unet, nn.Module learner, DiffusionOptions options)
    {
        if (learner.parameters().Any(parameter => parameter.dtype == ScalarType.Float16))
            throw new CourseException("What learns is Float16, whose steps are too coarse to "
                + "learn in: open the model as "
                + "Float32, or train an adapter on it, whose numbers are.");
        if (options.MixedPrecision && (learner != unet || unet.Type != ScalarType.Float32))
            throw new CourseException("MixedPrecision is for a U-Net that itself learns, as "
                + "Float32: leave it out, or open "
                + "the U-Net as Float32 and give no adapter.");
    }

    /// <summary>
    /// Which pictures the steps will draw, each once, in the order in which they come: more steps only add to the end.
    /// </summary>
    /// <param name="count">Pictures in the data set.</param>
    /// <param name="options">Steps, batch size and seed: these decide.</param>
    /// <param name="device">Where the training draws: a GPU's chance is another than the CPU's.</param>
    internal static IReadOnlyList<int> Seen(int count, DiffusionOptions options, Device device)
    {
        if (options.Accumulate > 1) return [.. Enumerable.Range(0, count)]; // only a step's first part draws them first
        using var scope = NewDisposeScope();
        var drawn = new List<Tensor>();
        for (var step = 1; step <= options.Steps; step++)
        {
            manual_seed(Seeds.At(options.Seed, step));
            drawn.Add(Drawn(count, options, device));
        }
        return drawn.Count == 0 ? [] : [.. cat(drawn).cpu().data<long>().Select(picture => (int)picture).Distinct()];
    }

    // The first that a step draws, so that it can be known beforehand.
    private static Tensor Drawn(int count, DiffusionOptions options, Device device) =>
        randint(count, [options.BatchSize], ScalarType.Int64, device);

    // One part of a step: the loss to go down, and the numbers to report.
    private static (Tensor Loss, Tensor Report) Loss(
        UNet unet, NoiseSchedule schedule, PredictionType prediction, LatentCache data, DiffusionOptions options)
    {
        var (device, size) = (unet.Device, options.BatchSize);
        var pictures = Drawn(data.Count, options, device);
        var captions =
            where(rand(size, device: device).lt(options.CaptionDropout), full([size], -1L, ScalarType.Int64, device),
            randint(data.CaptionsPerPicture, [size], ScalarType.Int64, device));
        // Timesteps spread evenly over the batch, from a random start, tell more than independent ones (Kingma and
        // others, arXiv 2107.00630).
        var spread = (arange(size, ScalarType.Float32, device) / size + rand(1, device: device)).frac();
        var timesteps = (spread * schedule.TrainTimesteps).to(ScalarType.Int64).clamp_max(schedule.TrainTimesteps - 1);

        var (original, text) = data.At(pictures, captions);
        var noise = randn_like(original);
        var (sqrtAlphaBar, sqrtOneMinusAlphaBar) = schedule.Coefficients(timesteps);
        var target = prediction.Target(original, noise, sqrtAlphaBar, sqrtOneMinusAlphaBar);
        // The U-Net computes in its own type, the loss in float32.
        var noisy = sqrtAlphaBar * original + sqrtOneMinusAlphaBar * noise;
        var output = unet.call(noisy.to(unet.Type), timesteps, text.Sequence.to(unet.Type), text.Mask)
            .to(ScalarType.Float32);
        var errors = (output - target).square().mean([1, 2, 3]); // [B]
        var loss = options.MinSnrGamma is { } gamma
            ? (errors * schedule.MinSnrWeights(timesteps, prediction, gamma)).mean()
            : errors.mean();

        // [B, 4]
        var quarters = nn.functional.one_hot((timesteps * 4).div(schedule.TrainTimesteps, RoundingMode.floor), 4)
            .to(ScalarType.Float32);
        var byQuarter = (quarters * errors.detach().unsqueeze(1)).sum([0]) / quarters.sum([0]).clamp_min(1);
        return (loss, cat([loss.detach().view(1), byQuarter]));
    }
}
