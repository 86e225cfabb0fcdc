using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Course.Recipes;

/// <summary>The autoencoder of lesson 08: pictures of 64×64 to latents of 16×16×4 and back.</summary>
internal sealed class AutoencoderRecipe : Recipe
{
    // The U-Net and the adapters learn on this encoder's latents; the decoder may learn on without changing them: first
    // to come near on average, then, against a discriminator, to draw petals with edges.
    private const int EncoderSteps = 8000, AverageSteps = 16000;

    public override string Name => "autoencoder";

    public override string About => "The autoencoder of the latent diffusion model. A discriminator had a say in the "
        + "last part of its decoder's training.";

    public override string Data => "Petals, 64×64";

    public override int Steps => 33000;

    public override RecipeResult Train(RecipeRun run)
    {
        using var model = new AutoencoderKL(AutoencoderConfig.Petals, Compute.Device);
        model.InitializeForTraining();
        var train = new Petals(Split.Train, 8192);
        var decoderFile = Path.Combine(run.Folder, "decoder.safetensors");
        if (!run.Resume) File.Delete(decoderFile); // of an earlier training
        var averageSteps = Math.Min(AverageSteps, Math.Max(1, run.Steps / 2));
        var options = new AutoencoderOptions { Steps = averageSteps, Seed = run.Seed, StateFile = run.StateFile, Resume = run.Resume, EncoderSteps = EncoderSteps };
        var before = AutoencoderTraining.Run(model, train, options, run.Progress, run.Cancellation);
        var result = before.Cancelled || run.Steps == averageSteps
            ? before
            : DecoderTraining.Run(model, new Petals(Split.Train, 16384), new()
        {
            Steps = run.Steps - averageSteps, Seed = run.Seed, StateFile = decoderFile, Resume = run.Resume
                && File.Exists(decoderFile),
        }, run.Progress, run.Cancellation);
        var done = before.Cancelled ? before.Losses.Steps.Count : result.Cancelled ? averageSteps + result.Losses.Steps.Count : run.Steps;
        var config = model.Config with { ScalingFactor = AutoencoderTraining.MeasureScale(model, train) };
        var tensors = Weights(model.state_dict());
        return new(tensors, new Dictionary<string, string> { [AutoencoderKL.ConfigNote] = config.ToJson() }, Measure(model), done,
            result == before ? before.Elapsed : before.Elapsed + result.Elapsed);
    }

    public override IReadOnlyDictionary<string, double> Grade()
    {
        using var model = AutoencoderKL.Pretrained();
        return Measure(model);
    }

    private static Dictionary<string, double> Measure(AutoencoderKL model) => new()
    {
        ["PSNR of test pictures, dB"] = AutoencoderTraining.Psnr(model, new Petals(Split.Test, 256)),
        ["PSNR of held-out kinds, dB"] = AutoencoderTraining.Psnr(model, new Petals(Split.HeldOut, 256)),
        ["parameters"] = model.parameters().Sum(parameter => parameter.numel()),
    };
}
