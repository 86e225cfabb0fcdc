using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Checkpoints that are one file: names as make_single_file.py found them by walking through the blocks, and a small model in both layouts.</summary>
public sealed class SingleFileTests : IDisposable
{
    private static readonly Device Meta = new(DeviceType.META);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryTensorOfThePublishedFileFindsItsPlaceAndNoPlaceIsLeft()
    {
        using var scope = NewDisposeScope();
        var lines = Lines("sd15").ToList();
        Assert.Equal(1145, lines.Count);
        var names = new SingleFileNames(UNetConfig.StableDiffusion.ResnetsPerLevel, AutoencoderConfig.StableDiffusion.Channels.Count);
        var models = new Dictionary<string, nn.Module>
        {
            ["unet"] = new UNet(UNetConfig.StableDiffusion, Meta), ["vae"] = new AutoencoderKL(AutoencoderConfig.StableDiffusion, Meta),
            ["text_encoder"] = new ClipTextEncoder(ClipTextConfig.StableDiffusion, Meta),
        };
        foreach (var (part, model) in models)
        {
            var found = lines.Select(line => (line.Part, line.Now, Entry: names.Of(line.Entry, part))).Where(row => row.Entry is not null).ToList();
            Assert.All(found.Where(row => row.Part == part), row => Assert.Equal(row.Now, row.Entry!.Name));
            // The list of positions is in the file and in no model.
            var kept = found.Where(row => !row.Entry!.Name.EndsWith("position_ids", StringComparison.Ordinal)).ToList();
            Assert.All(kept, row => Assert.Equal(part, row.Part));
            var own = model.state_dict();
            Assert.Equal(own.Keys.Order(), kept.Select(row => row.Entry!.Name).Order());
            Assert.All(kept, row => Assert.Equal(own[row.Entry!.Name].shape, row.Entry.Shape));
            model.Dispose();
        }
        Assert.Equal(14, lines.Count(line => models.Keys.All(part => names.Of(line.Entry, part) is null))); // the schedule's numbers
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    public void ASmallModelMakesTheSamePicturesFromBothLayouts(ScalarType stored)
    {
        using var scope = NewDisposeScope();
        using var small = DiffusionFixtures.Small();
        StableDiffusion.Save(small, folder.Path, stored);
        var options = new GenerationOptions { Steps = 3, GuidanceScale = 5 };
        using var one = StableDiffusion.Open(folder.Path, CPU);
        var right = one.Generate(["a red flower"], options, cancellation: TestContext.Current.CancellationToken);

        Write(small, folder["model.safetensors"], stored);
        foreach (var part in new[] { "unet", "vae", "text_encoder" })
            foreach (var weights in Directory.GetFiles(folder[part], "*.safetensors")) File.Delete(weights);
        using var other = StableDiffusion.Open(folder["model.safetensors"], CPU);
        Assert.True(AdapterFixtures.Same(right, other.Generate(["a red flower"], options, cancellation: TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void OtherFilesAreRefusedByWhatTheyAre()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("and no file", Message("nothing.safetensors"));
        SafeTensors.Save(folder["lora.safetensors"], new Dictionary<string, Tensor> { ["lora_unet_x.alpha"] = ones(1) });
        using (var small = DiffusionFixtures.Small())
            if (small.Text is ClipConditioner clip) clip.Clip.Save(folder.Path); // the tokenizer, right beside
        Assert.Contains("If it is a LoRA", Message("lora.safetensors"));
        SafeTensors.Save(folder["two.safetensors"], new Dictionary<string, Tensor> { ["model.diffusion_model.out.0.bias"] = ones(1), ["cond_stage_model.model.ln_final.bias"] = ones(1) });
        Assert.Contains("Stable Diffusion 2 or XL", Message("two.safetensors"));
        SafeTensors.Save(folder["cut.safetensors"], new Dictionary<string, Tensor> { ["model.diffusion_model.out.0.bias"] = ones(1) });
        Assert.Contains("196 missing", Message("cut.safetensors"));

        string Message(string name) => Assert.Throws<CourseException>(() => StableDiffusion.Open(folder[name], CPU)).Message;
    }

    private static void Write(LatentDiffusion model, string path, ScalarType type)
    {
        var parts = new Dictionary<string, Dictionary<string, Tensor>>
        {
            ["unet"] = model.UNet.state_dict(), ["vae"] = model.Autoencoder.state_dict(), ["text_encoder"] = ((ClipConditioner)model.Text).Encoder.state_dict(),
        };
        var tensors = Lines("tiny").ToDictionary(line => line.Entry.Name, line => line.Part == "-" ? zeros([.. line.Entry.Shape]) : parts[line.Part][line.Now].view([.. line.Entry.Shape]));
        Assert.Equal(parts.Values.Sum(part => part.Count), Lines("tiny").Count(line => line.Part != "-"));
        SafeTensors.Save(path, tensors, type);
    }

    private static IEnumerable<(string Part, string Now, WeightEntry Entry)> Lines(string name) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", "layouts", $"single-{name}.txt")).Select(line => line.Split(' ')).Select(fields =>
            (fields[0], fields[2], new WeightEntry(fields[1], ElementType.F32, fields.Length > 4 ? [.. fields[4].Split('x').Select(long.Parse)] : [], new Extent(null!, 0))));
}
