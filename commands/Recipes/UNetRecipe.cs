using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Course.Recipes;

/// <summary>The U-Net of lesson 08, over the latents of <see cref="AutoencoderRecipe"/> and MiniBERT's vectors.</summary>
internal sealed class UNetRecipe : Recipe
{
    private static readonly string[] Samples =
    [
        "a red flower with round petals and a yellow center on a blue sky", "a white daisy with long petals and a "
            + "yellow center in a green meadow",
        "a blue flower with pointed petals and a white center at night", "a pink flower with layered petals on sand",
        "a purple flower with ruffled petals and a green center in the mist", "a yellow flower with long petals and a "
            + "brown center at dusk",
        "an orange flower with pointed petals and a black center over water", "a magenta flower with round petals and "
            + "an orange center on dark soil",
    ];

    public override string Name => "unet";

    public override string About =>
        "The U-Net of the latent diffusion model, with averaged weights; trained narrow, then widened and trained on.";

    public override string Data =>
        "Petals, 64×64, as latents of the checkpoint 'autoencoder', with captions through 'minibert'";

    public override int Steps => 86300;

    // A narrow network learns what is coarse in half the time. Then it is made wider and learns on.
    private const int NarrowSteps = 50000;

    private static readonly int[] NarrowChannels = [32, 64, 128];

    public override RecipeResult Train(RecipeRun run)
    {
        using var file = Checkpoints.Open("autoencoder");
        using var autoencoder = AutoencoderKL.Load(file, Compute.Device);
        using var bert = BertText.Mini(Compute.Device);
        var text = new BertConditioner(bert);
        using var data = LatentCache.Of(new Petals(Split.Train, 32768), autoencoder, text, captionsPerPicture: 3);
        var config = UNetConfig.Petals(bert.Width);
        using var narrow = new UNet(config with { Channels = NarrowChannels }, Compute.Device);
        narrow.InitializeForTraining();
        var wideFile = Path.Combine(run.Folder, "wide.safetensors");
        if (!run.Resume) File.Delete(wideFile); // of an earlier training
        var narrowSteps = Math.Min(NarrowSteps, Math.Max(1, run.Steps * 5 / 6));
        var before = Stage(narrow, new() { Steps = narrowSteps, StateFile = run.StateFile, Resume = run.Resume });
        using var wide = UNetWidening.Widened(narrow, config.Channels, run.Seed);
        var result = before.Cancelled || run.Steps == narrowSteps ? before : Stage(wide, new()
        {
            Steps = run.Steps - narrowSteps, StateFile = wideFile, Resume = run.Resume
                && File.Exists(wideFile), LearningRate = 1e-3, WarmUp = 200,
            // The middle of the way decides on shapes; near its end noise can hardly be told from detail, and would be
            // most of the loss.
            MinSnrGamma = 5,
        });
        var done = before.Cancelled ? before.Losses.Steps.Count : result.Cancelled ? narrowSteps + result.Losses.Steps.Count : run.Steps;
        var model = new LatentDiffusion(autoencoder, wide, text, DiffusionConfig.Petals);
        var metrics =
            new Dictionary<string, double> { ["parameters"] = wide.parameters().Sum(parameter => parameter.numel()) };
        AddLastLoss(metrics, result);
        if (done == run.Steps)
        {
            Judge(model, Split.Test, "", metrics);
            Judge(model, Split.HeldOut, " of held-out kinds", metrics);
        }
        var tensors = Weights(wide.state_dict());
        var notes = new Dictionary<string, string> { [AutoencoderKL.ConfigNote] = config.ToJson(), [DiffusionConfig.Note] = model.Config.ToJson() };
        return new(tensors, notes, metrics, done, result == before ? before.Elapsed : before.Elapsed + result.Elapsed);

        LoopResult Stage(UNet unet, DiffusionOptions options) => DiffusionTraining.Run(
            new(autoencoder, unet, text, DiffusionConfig.Petals), data, options with { MixedPrecision = Compute.HasBFloat16, Seed = run.Seed, SampleCaptions = Samples, SampleEvery = 500 }, run.Progress, run.Cancellation);
    }

    public override IReadOnlyDictionary<string, double> Grade()
    {
        using var model = LatentDiffusion.Pretrained();
        var metrics = new Dictionary<string, double>();
        Judge(model, Split.Test, "", metrics);
        Judge(model, Split.HeldOut, " of held-out kinds", metrics);
        return metrics;
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
