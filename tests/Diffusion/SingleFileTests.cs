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
        Assert.Contains("Stable Diffusion 2: it has cond_stage_model.model.ln_final.bias", Message("two.safetensors"));
        SafeTensors.Save(folder["cut.safetensors"], new Dictionary<string, Tensor> { ["model.diffusion_model.out.0.bias"] = ones(1) });
        Assert.Contains("196 missing", Message("cut.safetensors"));

        string Message(string name) => Assert.Throws<CourseException>(() => StableDiffusion.Open(folder[name], CPU)).Message;
    }

    [Fact]
    public void ACheckpointUnderStateDictIsOpenedLikeAFlatOne()
    {
        string Refusal(string name)
        {
            var path = Path.Combine(AppContext.BaseDirectory, "Fixtures", "checkpoints", name);
            using var all = SingleFileKinds.Open(path);
            Assert.Equal(["cond_stage_model.transformer.text_model.final_layer_norm.bias", "first_stage_model.decoder.conv_in.bias", "model.diffusion_model.out.0.bias"],
                all.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
            return string.Join(' ', all.Entries.Select(entry => all.Values(entry.Name)[0]));
        }
        Assert.Equal(Refusal("flat.ckpt"), Refusal("nested.ckpt"));
    }

    public static TheoryData<string> Layouts => ["text without text_model.", "attention in today's names", "attention in the names between", "under state_dict.", "averages beside it", "notes"];

    [Theory, MemberData(nameof(Layouts))]
    public void AFileInWhateverNamesMakesTheSamePictures(string layout)
    {
        using var scope = NewDisposeScope();
        using var small = DiffusionFixtures.Small();
        StableDiffusion.Save(small, folder.Path, ScalarType.Float32);
        var options = new GenerationOptions { Steps = 2, GuidanceScale = 5 };
        Tensor Ask(LatentDiffusion model) => model.Generate(["a red flower"], options, cancellation: TestContext.Current.CancellationToken);
        using var one = StableDiffusion.Open(folder.Path, CPU);
        var right = Ask(one);
        var tensors = Tensors(small);
        Dictionary<string, string>? notes = null;
        switch (layout)
        {
            case "text without text_model.": tensors = Renamed(name => name.Replace("cond_stage_model.transformer.text_model.", "cond_stage_model.transformer.")); break;
            case "attention in today's names":
                tensors = Renamed(name => Spelled(name, "to_q", "to_k", "to_v", "to_out.0", "group_norm"));
                break;
            case "attention in the names between":
                tensors = Renamed(name => Spelled(name, "query", "key", "value", "proj_attn", "group_norm"));
                break;
            case "under state_dict.": tensors = Renamed(name => "state_dict." + name); break;
            case "averages beside it":
                // The averaged ones are right, the trained ones are not.
                foreach (var name in tensors.Keys.Where(name => name.StartsWith("model.diffusion_model.")).ToList())
                {
                    tensors["model_ema." + name["model.".Length..].Replace(".", "")] = tensors[name];
                    tensors[name] = tensors[name] + 1;
                }
                tensors["model_ema.decay"] = tensor(0.9999f);
                break;
            default: notes = new() { ["modelspec.prediction_type"] = "v" }; break;
        }
        SafeTensors.Save(folder["model.safetensors"], tensors, metadata: notes);
        foreach (var part in new[] { "unet", "vae", "text_encoder" })
            foreach (var weights in Directory.GetFiles(folder[part], "*.safetensors")) File.Delete(weights);
        using var other = StableDiffusion.Open(folder["model.safetensors"], CPU, averaged: layout == "averages beside it");
        if (notes is not null)
        {
            Assert.Equal(PredictionType.Velocity, other.Config.Prediction);
            SafeTensors.Save(folder["model.safetensors"], tensors, metadata: new Dictionary<string, string> { ["modelspec.prediction_type"] = "score" });
            Assert.Contains("predicts 'score'", Assert.Throws<CourseException>(() => StableDiffusion.Open(folder["model.safetensors"], CPU)).Message);
            return;
        }
        Assert.True(AdapterFixtures.Same(right, Ask(other)));
        if (layout != "averages beside it") Assert.Contains("no averaged (EMA) weights", Assert.Throws<CourseException>(() => StableDiffusion.Open(folder["model.safetensors"], CPU, averaged: true)).Message);
        else
        {
            using var trained = StableDiffusion.Open(folder["model.safetensors"], CPU);
            Assert.False(AdapterFixtures.Same(right, Ask(trained)));
        }

        Dictionary<string, Tensor> Renamed(Func<string, string> rename) => tensors.ToDictionary(pair => rename(pair.Key), pair => pair.Value);
    }

    private static string Spelled(string name, string q, string k, string v, string leave, string norm) => !name.Contains(".mid.attn_1.") ? name
        : name.Replace(".q.", $".{q}.").Replace(".k.", $".{k}.").Replace(".v.", $".{v}.").Replace(".proj_out.", $".{leave}.").Replace(".attn_1.norm.", $".attn_1.{norm}.");

    [Theory]
    [InlineData("model.diffusion_model.input_blocks.0.0.weight", "320x9x3x3", "made for inpainting: its U-Net has nine channels in")]
    [InlineData("model.diffusion_model.input_blocks.0.0.weight", "320x8x3x3", "edit pictures by instructions")]
    [InlineData("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", "320x1024", "Stable Diffusion 2")]
    [InlineData("model.diffusion_model.label_emb.0.0.weight", "8x8", "Stable Diffusion XL")]
    [InlineData("conditioner.embedders.0.transformer.text_model.final_layer_norm.bias", "8", "Stable Diffusion XL")]
    [InlineData("model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", "8x8", "Stable Diffusion 3")]
    [InlineData("double_blocks.0.img_attn.qkv.weight", "8x8", "Flux")]
    [InlineData("control_model.input_blocks.0.0.weight", "8x4x3x3", "ControlNet")]
    public void OtherModelsAreNamed(string name, string shape, string kind)
    {
        using var scope = NewDisposeScope();
        SafeTensors.Save(folder["other.safetensors"], new Dictionary<string, Tensor>
        {
            [name] = zeros([.. shape.Split('x').Select(long.Parse)]), ["model.diffusion_model.out.0.bias"] = zeros(1),
        }, ScalarType.Float16);
        var message = Assert.Throws<CourseException>(() => SingleFileKinds.Open(folder["other.safetensors"])).Message;
        Assert.Contains(kind, message);
        Assert.DoesNotContain('\n', message);
    }

    private static void Write(LatentDiffusion model, string path, ScalarType type) => SafeTensors.Save(path, Tensors(model), type);

    private static Dictionary<string, Tensor> Tensors(LatentDiffusion model)
    {
        var parts = new Dictionary<string, Dictionary<string, Tensor>>
        {
            ["unet"] = model.UNet.state_dict(), ["vae"] = model.Autoencoder.state_dict(), ["text_encoder"] = ((ClipConditioner)model.Text).Encoder.state_dict(),
        };
        var tensors = Lines("tiny").ToDictionary(line => line.Entry.Name, line => line.Part == "-" ? zeros([.. line.Entry.Shape]) : parts[line.Part][line.Now].view([.. line.Entry.Shape]));
        Assert.Equal(parts.Values.Sum(part => part.Count), Lines("tiny").Count(line => line.Part != "-"));
        return tensors;
    }

    private static IEnumerable<(string Part, string Now, WeightEntry Entry)> Lines(string name) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", "layouts", $"single-{name}.txt")).Select(line => line.Split(' ')).Select(fields =>
            (fields[0], fields[2], new WeightEntry(fields[1], ElementType.F32, fields.Length > 4 ? [.. fields[4].Split('x').Select(long.Parse)] : [], new Extent(null!, 0))));
}
