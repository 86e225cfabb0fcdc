using ImageGen.Adapters;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Course.Recipes;
using ImageGen.Metrics;
using ImageGen.Text;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class LoraRecipeTests
{
    [Fact]
    public void ARecipeTeachesASmallRandomModelThroughAnAdapterAlone()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        manual_seed(3);
        using var bert = BertText.Untrained(new Tulips(4, 16).Captions(0), new BertConfig(300, Width: 16, Layers: 1, Heads: 2, FeedForward: 16, Positions: 24));
        using var autoencoder = new AutoencoderKL(new([8, 8, 8], 1, NormGroups: 2));
        autoencoder.eval();
        using var unet = AdapterFixtures.TinyUNet(bert.Width);
        var model = new LatentDiffusion(autoencoder, unet, new BertConditioner(bert), DiffusionConfig.Petals);
        var before = unet.Ask();
        using var lora = Lora.Attach(unet, LoraRecipe.Adapter(7));
        var seen = 0;
        var run = new RecipeRun(3, 7, folder.Path, Resume: false, new Watcher(() => seen++), TestContext.Current.CancellationToken);
        var result = new TulipRecipe().Teach(model, lora, new Tulips(16, 16), run);
        Assert.Equal(3, result.Losses.Steps.Count);
        Assert.True(File.Exists(run.StateFile) && seen > 0);
        Assert.Contains(lora.Layers.Values, layer => layer.B.abs().max().item<float>() > 0);
        lora.Detach();
        Assert.True(AdapterFixtures.Same(before, unet.Ask()));
    }

    [Fact]
    public void MiniClipTellsTheNewKindsFromTheOldThoughItNeverSawThem()
    {
        using var clip = MiniClip.Pretrained();
        using var tulips = new KindProbe(clip, new Petals(Split.Train, 100), new Tulips(100));
        Assert.True(tulips.Right(new Petals(Split.Test, 40), new Tulips(40, seed: 8)) > 0.8);
        using var porcelain = new KindProbe(clip, new Petals(Split.Train, 100), new PorcelainPetals(100));
        Assert.True(porcelain.Right(new Petals(Split.Test, 40), new PorcelainPetals(40, seed: 8)) > 0.9);
    }

    private sealed class Watcher(Action seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen();
    }
}
