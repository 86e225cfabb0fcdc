using ImageGen.Adapters;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Course.Recipes;

/// <summary>Something new for the model of lesson 08, learned by a LoRA on its U-Net: a few hundred pictures, a few minutes.</summary>
internal abstract class LoraRecipe : Recipe
{
    private const int Judged = 256;

    /// <summary>What to learn.</summary>
    protected abstract ICaptionedPictures Pictures(int count, int seed);

    /// <summary>Prompts with the new word, for samples and for the figures at the end.</summary>
    protected abstract IReadOnlyList<string> Prompts { get; }

    /// <summary>
    /// Which layers, and how much: every kind of layer that a LoRA can adapt, so that form and color can change.
    /// </summary>
    internal static LoraOptions Adapter(int seed) =>
        new() { Targets = [.. LoraOptions.Transformer, "conv_shortcut", "time_emb_proj"], Rank = 8, Alpha = 8, Seed = seed };

    public override RecipeResult Train(RecipeRun run)
    {
        using var model = LatentDiffusion.Pretrained();
        var metrics = new Dictionary<string, double>();
        using var probe = Probe(metrics);
        metrics["recognized without it"] = Recognized(model, probe);
        using var lora = Lora.Attach(model.UNet, Adapter(run.Seed));
        metrics["parameters"] = lora.ParameterCount;
        metrics["share of the U-Net's parameters"] = (double)lora.ParameterCount / model.UNet.parameters().Sum(
            parameter => parameter.numel());
        var result = Teach(model, lora, Pictures(512, run.Seed), run);
        AddLastLoss(metrics, result);
        metrics["recognized"] = Recognized(model, probe);
        var tensors = Weights(LoraFile.Tensors(lora, LoraLayout.Diffusers));
        return new(
            tensors, new Dictionary<string, string> { ["format"] = "pt" }, metrics,
            result.Cancelled ? result.Losses.Steps.Count : run.Steps, result.Elapsed);
    }

    public override IReadOnlyDictionary<string, double> Grade()
    {
        using var model = LatentDiffusion.Pretrained();
        var metrics = new Dictionary<string, double>();
        using var probe = Probe(metrics);
        metrics["recognized without it"] = Recognized(model, probe);
        using var lora = LoraFile.Attach(model.UNet, Path.Combine(Checkpoints.Folder, Name + ".safetensors"));
        metrics["recognized"] = Recognized(model, probe);
        return metrics;
    }

    /// <summary>The training itself, of any adapter on any model.</summary>
    internal LoopResult Teach(LatentDiffusion model, Lora lora, ICaptionedPictures pictures, RecipeRun run)
    {
        using var data = LatentCache.Of(pictures, model.Autoencoder, model.Text, captionsPerPicture: 5);
        return DiffusionTraining.Run(model, lora, data, new()
        {
            Steps =
                run.Steps, Seed =
                    run.Seed, StateFile =
                        run.StateFile, Resume = run.Resume, BatchSize = 16, LearningRate = 2e-3, WarmUp = 50,
            Decay = 0.99, SampleCaptions = Prompts, SampleEvery = 200,
        }, run.Progress, run.Cancellation);
    }

    private KindProbe Probe(Dictionary<string, double> metrics)
    {
        var clip = MiniClip.Pretrained(); // as long as the probe
        var probe = new KindProbe(clip, new Petals(Split.Train, 400), Pictures(400, Seeds.Default + 1));
        metrics["the probe is right"] = probe.Right(new Petals(Split.Test, 200), Pictures(200, Seeds.Default + 2));
        return probe;
    }

    // The share of samples, drawn as the library draws when nothing is said, that show the new thing to MiniCLIP's
    // eyes.
    private double Recognized(LatentDiffusion model, KindProbe probe)
    {
        using var scope = NewDisposeScope();
        string[] prompts = [.. Enumerable.Range(0, Judged).Select(i => Prompts[i % Prompts.Count])];
        return probe.Share(model.Generate(prompts));
    }
}

/// <summary>A new kind of flower, under a word that the model has never read.</summary>
internal sealed class TulipRecipe : LoraRecipe
{
    public override string Name => "lora-tulip";

    public override int Steps => 4700; // a form is learned more slowly than a style

    public override string About => "A LoRA that teaches the latent diffusion model a new flower: the tulip.";

    public override string Data =>
        "512 drawn tulips, 64×64, with five captions each, over the checkpoints 'autoencoder', 'unet' and 'minibert'";

    protected override IReadOnlyList<string> Prompts { get; } =
    [
        "a red tulip in a green meadow", "a yellow tulip against a blue sky", "a white tulip on dark soil", "a purple tulip on pale sand",
        "an orange tulip by night", "a pink tulip in gray mist", "a burgundy tulip at dusk", "a blue tulip over teal "
            + "water",
    ];

    protected override ICaptionedPictures Pictures(int count, int seed) => new Tulips(count, seed: seed);
}

/// <summary>A new style, for all flowers that the model knows.</summary>
internal sealed class PorcelainRecipe : LoraRecipe
{
    public override string Name => "lora-porcelain";

    public override int Steps => 3700;

    public override string About =>
        "A LoRA that teaches the latent diffusion model a style: cobalt on white porcelain.";

    public override string Data => "512 flowers of Petals painted on porcelain, 64×64, with five captions each, over "
        + "the checkpoints 'autoencoder', 'unet' and 'minibert'";

    protected override IReadOnlyList<string> Prompts { get; } =
    [
        "a red flower with round petals and a yellow center on white porcelain", "a blue flower with pointed petals "
            + "and a white center on white porcelain",
        "a yellow flower with long petals and a brown center on white porcelain", "a purple flower with layered "
            + "petals on white porcelain",
        "a white daisy-like flower with a golden center on white porcelain", "an orange flower with ruffled petals "
            + "and a black center on white porcelain",
        "a pink flower with pointed petals and a green center on white porcelain", "a burgundy flower with round "
            + "petals and an orange center on white porcelain",
    ];

    protected override ICaptionedPictures Pictures(int count, int seed) => new PorcelainPetals(count, seed: seed);
}
