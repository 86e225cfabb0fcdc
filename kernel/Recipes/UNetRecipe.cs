using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Kernel.Recipes;

/// <summary>The U-Net of lesson 07, over the latents of <see cref="AutoencoderRecipe"/> and MiniBERT's vectors.</summary>
internal sealed class UNetRecipe : Recipe
{
    private static readonly string[] Samples =
    [
        "a red flower with round petals and a yellow center on a blue sky", "a white daisy with long petals and a yellow center in a green meadow",
        "a blue flower with pointed petals and a white center at night", "a pink flower with layered petals on sand",
        "a purple flower with ruffled petals and a green center in the mist", "a yellow flower with long petals and a brown center at dusk",
        "an orange flower with pointed petals and a black center over water", "a magenta flower with round petals and an orange center on dark soil",
    ];

    public override string Name => "unet";

    public override string About => "The U-Net of the latent diffusion model, with averaged weights.";

    public override string Data => "Petals, 64×64, as latents of the checkpoint 'autoencoder', with captions through 'minibert'";

    public override int Steps => 50000;

    public override RecipeResult Train(RecipeRun run)
    {
        using var file = Checkpoints.Open("autoencoder");
        using var autoencoder = AutoencoderKL.Load(file, Compute.Device);
        using var bert = BertText.Mini(Compute.Device);
        using var unet = new UNet(UNetConfig.Petals(bert.Width), Compute.Device);
        unet.InitializeForTraining();
        var text = new BertConditioner(bert);
        using var data = LatentCache.Of(new Petals(Split.Train, 8192), autoencoder, text, captionsPerPicture: 3);
        var model = new LatentDiffusion(autoencoder, unet, text, DiffusionConfig.Petals);
        var options = new DiffusionOptions
        {
            Steps = run.Steps, Seed = run.Seed, StateFile = run.StateFile, Resume = run.Resume, SampleCaptions = Samples, SampleEvery = 500,
        };
        var result = DiffusionTraining.Run(model, data, options, run.Progress, run.Cancellation);
        var metrics = new Dictionary<string, double>
        {
            ["parameters"] = unet.parameters().Sum(parameter => parameter.numel()),
        };
        AddLastLoss(metrics, result);
        Judge(model, Split.Test, "", metrics);
        Judge(model, Split.HeldOut, " of held-out kinds", metrics);
        var tensors = unet.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone().DetachFromDisposeScope());
        var notes = new Dictionary<string, string> { [AutoencoderKL.ConfigNote] = unet.Config.ToJson(), [DiffusionConfig.Note] = model.Config.ToJson() };
        return new(tensors, notes, metrics, result.Cancelled ? result.Losses.Steps.Count : run.Steps, result.Elapsed);
    }

    // What the judge sees in pictures made from captions that training did not show.
    private static void Judge(LatentDiffusion model, Split split, string kinds, Dictionary<string, double> metrics)
    {
        const int count = 256;
        using var judge = FlowerJudge.Pretrained();
        var flowers = new Petals(split, count);
        FlowerCaption[] captions = [.. Enumerable.Range(0, count).Select(i => flowers.Descriptions(i)[0])];
        using var pictures = model.Generate([.. captions.Select(caption => caption.Text)]);
        var right = AttributeAccuracy.Of(judge.Read(pictures), [.. captions.Select(caption => caption.Says)]);
        foreach (var (name, share) in new[] { ("color", right.Color), ("center", right.Center), ("background", right.Backdrop), ("shape", right.Shape), ("all but shape", right.All) })
            if (share is not null) metrics[$"{name} right{kinds}"] = share.Value;
    }
}
