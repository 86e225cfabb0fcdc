using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Kernel.Recipes;

/// <summary>The autoencoder of lesson 07: pictures of 64×64 to latents of 16×16×4 and back.</summary>
internal sealed class AutoencoderRecipe : Recipe
{
    // The U-Net and the adapters learn on this encoder's latents; the decoder may learn on without changing them.
    private const int EncoderSteps = 8000;

    public override string Name => "autoencoder";

    public override string About => "The autoencoder of the latent diffusion model.";

    public override string Data => "Petals, 64×64";

    public override int Steps => 16000;

    public override RecipeResult Train(RecipeRun run)
    {
        using var model = new AutoencoderKL(AutoencoderConfig.Petals, Compute.Device);
        model.InitializeForTraining();
        var train = new Petals(Split.Train, 8192);
        var options = new AutoencoderOptions { Steps = run.Steps, Seed = run.Seed, StateFile = run.StateFile, Resume = run.Resume, EncoderSteps = EncoderSteps };
        var result = AutoencoderTraining.Run(model, train, options, run.Progress, run.Cancellation);
        var config = model.Config with { ScalingFactor = AutoencoderTraining.MeasureScale(model, train) };
        var metrics = new Dictionary<string, double>
        {
            ["PSNR of test pictures, dB"] = AutoencoderTraining.Psnr(model, new Petals(Split.Test, 256)),
            ["PSNR of held-out kinds, dB"] = AutoencoderTraining.Psnr(model, new Petals(Split.HeldOut, 256)),
            ["parameters"] = model.parameters().Sum(parameter => parameter.numel()),
        };
        var tensors = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone().DetachFromDisposeScope());
        return new(tensors, new Dictionary<string, string> { [AutoencoderKL.ConfigNote] = config.ToJson() }, metrics, result.Cancelled ? result.Losses.Steps.Count : run.Steps, result.Elapsed);
    }
}
