using ImageGen.Diffusion;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class CourseDiffusionTests
{
    [Fact]
    public void WithoutThePublishedWeightsTheLessonsModelIsWrittenInTheirFoldersAndSaysWhatItIs()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var chosen = CourseDiffusion.Open(folder.Path);
        var trained = Checkpoints.Exists("autoencoder") && Checkpoints.Exists("unet");
        Assert.Equal(trained, chosen.Model.Text is BertConditioner);
        Assert.Contains(trained ? "MiniBERT and not CLIP" : "the pictures are noise", chosen.Reason);
        foreach (var file in new[] { "model_index.json", "unet/config.json", "vae/diffusion_pytorch_model.safetensors", "scheduler/scheduler_config.json", "text_encoder/model.safetensors" })
            Assert.True(File.Exists(folder[file]), file);
        Assert.Equal(512 + 300 + 2, chosen.Words.Clip.Vocabulary.Count);
        Assert.Equal(["flower</w>"], chosen.Words.Clip.Tokenize("flower")); // every caption has it
        var pictures = chosen.Model.Generate([.. chosen.Prompts], new() { Steps = 1 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([4, 3, 64, 64], pictures.shape);
    }
}
