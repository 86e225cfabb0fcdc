using System.Text.Json;
using ImageGen.Adapters;
using ImageGen.Diffusion;
using ImageGen.Layers;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>A small Stable Diffusion in the published folders, and what an independent implementation makes with it.</summary>
public sealed class StableDiffusionTests : IDisposable
{
    private static readonly JsonElement Expected = WholeWay;
    private static readonly string[] Prompts = Expected.Texts("prompts");
    private static readonly GenerationOptions Options = new()
    {
        Sampler = SamplerKind.Ddim, Steps = 4, GuidanceScale = 7.5, GuidanceStart = 0, NegativePrompt = Expected.Text("negative"), Seeds = Expected.Integers("seeds"),
    };

    private readonly TemporaryFolder folder = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    public StableDiffusionTests()
    {
        using var model = Small();
        StableDiffusion.Save(model, folder.Path, ScalarType.Float32);
    }

    [Fact]
    public void FromTheLettersOfAPromptAndASeedToThePictureItEqualsTheReference()
    {
        using var scope = NewDisposeScope();
        using var model = StableDiffusion.Open(folder.Path, CPU);
        FormulaWeights.AssertClose(Expected.GetProperty("text"), model.Text.Encode(Prompts).Sequence[1, ..20]);
        Near("ddim", "pictures", model.Generate(Prompts, Options, cancellation: cancellation));
        using var generator = new NoiseGenerator(Options.Seeds!, CPU);
        var start = generator.RandnLike(zeros(2, 4, 8, 8));
        Near("ddim", "latents", model.FromNoise(start, Prompts, Options, cancellation: cancellation));
        var one = Options with { Seeds = [7], Steps = 6, Sampler = SamplerKind.DpmSolver };
        Near("dpm", "pictures", model.Generate([Prompts[0]], one, cancellation: cancellation));
    }

    [Fact]
    public void ImageToImageAndInpaintingEqualTheReference()
    {
        using var scope = NewDisposeScope();
        using var model = StableDiffusion.Open(folder.Path, CPU);
        var (given, options) = (Inputs(2001, 1, 3, 16, 16), Options with { Seeds = [7] });
        Near("changed", null, model.FromPictures(given, [Prompts[0]], 0.5, options with { Steps = 6 }, cancellation: cancellation));
        var mask = zeros(1, 1, 16, 16);
        mask[.., .., 3..9, 5..] = 1;
        Near("mended", null, model.Inpaint(given, mask, [Prompts[0]], options, cancellation: cancellation));
    }

    [Fact]
    public void APictureIsTheSameInWhateverBatchItIsMade()
    {
        using var scope = NewDisposeScope();
        using var model = StableDiffusion.Open(folder.Path, CPU);
        var options = Options with { Sampler = SamplerKind.EulerAncestral };
        var both = model.Generate(Prompts, options, cancellation: cancellation);
        var second = model.Generate([Prompts[1]], options with { Seeds = [11] }, cancellation: cancellation);
        Assert.True(both[1..].allclose(second, atol: 1e-4));
        Assert.Contains("2 seeds for 1 pictures", Assert.Throws<CourseException>(() => model.Generate([Prompts[0]], options, cancellation: cancellation)).Message);
    }

    [Fact]
    public void OldNamesAndHalfFilesAreRead()
    {
        using var scope = NewDisposeScope();
        using (var model = Small())
        {
            var old = model.Autoencoder.state_dict().ToDictionary(pair => Old(pair.Key), pair => pair.Value);
            File.Delete(Part("vae", "diffusion_pytorch_model.safetensors"));
            SafeTensors.Save(Part("vae", "diffusion_pytorch_model.fp16.safetensors"), old, ScalarType.Float16);
            var text = model.Text is ClipConditioner clip ? clip.Encoder.state_dict() : [];
            text["text_model.embeddings.position_ids"] = arange(77).unsqueeze(0); // as the published file has them
            SafeTensors.Save(Part("text_encoder", "model.safetensors"), text);
        }
        using var read = StableDiffusion.Open(folder.Path, CPU);
        Assert.Equal(ScalarType.Float32, read.Autoencoder.Type);
        using var right = Small();
        foreach (var (name, value) in read.Autoencoder.state_dict()) Assert.True(value.allclose(right.Autoencoder.state_dict()[name], rtol: 1e-3, atol: 1e-4), name);
        Near("ddim", "pictures", read.Generate(Prompts, Options, cancellation: cancellation), 0.02);

        static string Old(string name) => !name.Contains(".attentions.") ? name
            : name.Replace(".to_q.", ".query.").Replace(".to_k.", ".key.").Replace(".to_v.", ".value.").Replace(".to_out.0.", ".proj_attn.");
    }

    [Theory]
    [InlineData(LoraLayout.Peft, ScalarType.Float32)]
    [InlineData(LoraLayout.Diffusers, ScalarType.Float32)]
    [InlineData(LoraLayout.Kohya, ScalarType.Float32)]
    [InlineData(LoraLayout.Kohya, ScalarType.Float16)]
    public void ALoraFileIsWornWithAWeight(LoraLayout layout, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var model = StableDiffusion.Open(folder.Path, CPU, type);
        var options = Options with { GuidanceScale = 1, Steps = 2 };
        var path = folder["style/lora.safetensors"];
        using (var made = Lora.Attach(model.UNet, new() { Rank = 4 }))
        {
            using (no_grad())
                foreach (var (layer, i) in made.Layers.Values.Select((layer, i) => (layer, i))) layer.B.copy_(Inputs(3000 + i, layer.B.shape));
            LoraFile.Save(made, path, layout);
        }
        var without = model.Generate(Prompts, options, cancellation: cancellation);
        using var lora = LoraFile.Attach(model.UNet, path);
        var with = model.Generate(Prompts, options, cancellation: cancellation);
        Assert.True((with - without).abs().mean().item<float>() > 0.01);
        lora.Weight = 0;
        Assert.True(model.Generate(Prompts, options, cancellation: cancellation).equal(without).all().item<bool>());
        lora.Weight = 0.5;
        var half = model.Generate(Prompts, options, cancellation: cancellation);
        lora.Merge();
        Assert.True(model.Generate(Prompts, options, cancellation: cancellation).allclose(half, atol: type == ScalarType.Float32 ? 1e-3 : 0.1));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.3)]
    [InlineData(ScalarType.Float16, 0.05)]
    public void HalfPrecisionStaysNear(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var model = StableDiffusion.Open(folder.Path, CPU, type);
        Assert.All(model.UNet.parameters().Concat(model.Autoencoder.parameters()), parameter => Assert.Equal(type, parameter.dtype));
        var options = Options with { GuidanceScale = 1, Steps = 2 };
        using var whole = StableDiffusion.Open(folder.Path, CPU);
        var (half, right) = (model.Generate(Prompts, options, cancellation: cancellation), whole.Generate(Prompts, options, cancellation: cancellation));
        Assert.Equal(ScalarType.Float32, half.dtype);
        Assert.True((half - right).abs().max().item<float>() < tolerance, $"{(half - right).abs().max().item<float>()}");
    }

    [Fact]
    public void SlicesAndTilesGiveThePictures()
    {
        using var scope = NewDisposeScope();
        using var model = StableDiffusion.Open(folder.Path, CPU);
        var latents = Inputs(2002, 3, 4, 12, 8);
        var right = model.Autoencoder.ToPictures(latents);
        Assert.True(model.Autoencoder.ToPictures(latents, new DecodingPlan(1)).allclose(right, atol: 1e-5));
        Assert.True(model.Autoencoder.ToPictures(latents, new DecodingPlan(2)).allclose(right, atol: 1e-5));
        Assert.Equal(right.shape, model.Autoencoder.ToPictures(latents, new DecodingPlan(1, Tile: 8)).shape);
    }

    // 512² in float32: eight maps of 256 channels are 2.15 GB.
    [Theory]
    [InlineData(1, 64, 8e9, 1, null)]
    [InlineData(4, 64, 16e9, 4, null)]
    [InlineData(4, 64, 4e9, 1, null)]
    [InlineData(1, 128, 4e9, 1, 64)]
    [InlineData(4, 128, 1e9, 1, 32)]
    [InlineData(4, 64, null, 4, null)]
    public void TheDecodingIsChosenByTheFreeMemory(int pictures, int side, double? free, int atOnce, int? tile)
    {
        Assert.Equal(8L * 256 * 512 * 512 * 4, DecodingPlan.Forecast(AutoencoderConfig.StableDiffusion, 1, 64, 64, ScalarType.Float32));
        Assert.Equal(new(atOnce, tile), DecodingPlan.For(AutoencoderConfig.StableDiffusion, [pictures, 4, side, side], ScalarType.Float32, (long?)free));
    }

    // What PyTorch says of a card that is too small.
    [Fact]
    public void ACardWithTooLittleMemoryIsAskedForLessAndThenExplained()
    {
        var plans = DecodingPlan.All(4, 128, 128);
        Assert.Equal([new(4), new(1), new(1, 64), new(1, 32)], plans);
        Assert.Equal(64, Decoding.Sparing(plans, plan => plan.Tile ?? throw Shortage()));
        var message = Assert.Throws<MemoryShortageException>(() => Decoding.Sparing<int>(plans, _ => throw Shortage())).Message;
        Assert.Contains("asked the GPU for 2.00 GiB at once, and 1.20 GiB are free there", message);
        Assert.Throws<InvalidOperationException>(() => Decoding.Sparing<int>(plans, _ => throw new InvalidOperationException()));
        var tried = 0;
        Assert.Throws<CourseException>(() => Decoding.Sparing<int>(plans, _ => throw Unrelated())); // not worth another try
        Assert.Equal(1, tried);

        Exception Unrelated()
        {
            tried++;
            return new CourseException("A file is damaged.", new IOException());
        }

        static Exception Shortage() => new System.Runtime.InteropServices.ExternalException(
            "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 3.81 GiB of which 1.20 GiB is free.");
    }

    [Fact]
    public void AttentionIsSlicedByTheFreeMemory()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(4096, AttentionSlices.Rows([2, 8, 4096, 40], 77, 4, CPU)); // a small map is never sliced
        Assert.Equal(250, AttentionSlices.Rows(rowBytes: 1 << 20, rows: 4096, freeBytes: 1000L << 20));
        Assert.Equal(1, AttentionSlices.Rows(rowBytes: 1 << 20, rows: 4096, freeBytes: 0));
        Assert.True(FreeMemory.On(CPU) > 0);
    }

    [Fact]
    public void APartThatIsMissingOrOfAnotherModelIsNamed()
    {
        Assert.Contains("no folder", Message());
        Change("model_index.json", text => text.Replace("\"StableDiffusionPipeline\"", "\"StableDiffusionXLPipeline\""));
        Assert.Contains("is of a StableDiffusionXLPipeline", Message(folder.Path));
        File.Delete(folder["model_index.json"]); // nothing says otherwise: version 1
        Change("unet/config.json", text => text.Replace("\"in_channels\":4", "\"in_channels\":9"));
        Assert.Contains("9 channels in and 4 out", Message(folder.Path));
        Change("unet/config.json", text => text.Replace("\"in_channels\":9", "\"in_channels\":4, \"use_linear_projection\": true"));
        Assert.Contains("Stable Diffusion 2 or XL", Message(folder.Path));
        Change("unet/config.json", text => text.Replace("\"use_linear_projection\": true", "\"use_linear_projection\": null").Replace("\"cross_attention_dim\":32", "\"cross_attention_dim\":64"));
        Assert.Contains("word vectors of 64 numbers and the text encoder gives 32", Message(folder.Path));
        Change("unet/config.json", text => text.Replace("\"cross_attention_dim\":64", "\"cross_attention_dim\":32"));
        File.Move(Part("vae", "diffusion_pytorch_model.safetensors"), Part("vae", "other"));
        Assert.Contains("no weights in", Message(folder.Path));
        File.Move(Part("unet", "diffusion_pytorch_model.safetensors"), Part("vae", "diffusion_pytorch_model.safetensors"));
        Assert.Contains("does not fit", Message(folder.Path));
        Assert.Contains("cannot be Int8", Assert.Throws<CourseException>(() => StableDiffusion.Open(folder.Path, CPU, ScalarType.Int8)).Message);

        string Message(string? path = null) => Assert.Throws<CourseException>(() => StableDiffusion.Open(path ?? folder["nothing"], CPU)).Message;
        void Change(string file, Func<string, string> change) => File.WriteAllText(folder[file], change(File.ReadAllText(folder[file])));
    }

    [Fact]
    public void ALongPromptIsCutWhereTheWarningSays()
    {
        using var scope = NewDisposeScope();
        using var model = StableDiffusion.Open(folder.Path, CPU);
        var text = "(petals:1.5) " + string.Join(' ', Enumerable.Repeat("a", 80));
        var warning = model.Text.Warning(text);
        Assert.Contains("83 tokens and the text encoder reads 77", warning);
        Assert.Contains("'a a a a a a' is not read", warning);
        Assert.Equal([1, 77, 32], model.Text.Encode([text]).Sequence.shape);
        Assert.Null(model.Text.Warning("(petals:1.5)"));
    }

    // TorchSharp itself keeps a handle of every convolution that it has built: what a model without numbers leaves is no leak of ours.
    [Fact]
    public void OpeningLeavesNothingButTheModel()
    {
        var meta = new Device(DeviceType.META);
        var text = new ClipTextConfig(614, Width: 32, Layers: 5, Heads: 4, FeedForward: 37, Projection: null);
        var unavoidable = Left(() =>
        {
            foreach (var module in new nn.Module[] { new ClipTextEncoder(text, meta), new AutoencoderKL(TinyAutoencoder, meta), new UNet(TinyUNet, meta) }) module.Dispose();
        });
        Assert.Equal(unavoidable, Left(() => StableDiffusion.Open(folder.Path, CPU).Dispose()));

        static long Left(Action work)
        {
            work();
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            work();
            return DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
        }
    }

    [Fact]
    public void AModelWithABertIsWrittenAndReadInTheSameFolders()
    {
        using var scope = NewDisposeScope();
        using var other = new TemporaryFolder();
        var bert = BertText.Untrained(Prompts, new BertConfig(200, Width: 32, Layers: 1, Heads: 2, FeedForward: 16, Positions: 80));
        using var model = new LatentDiffusion(FormulaWeights.Fill(new AutoencoderKL(TinyAutoencoder)), FormulaWeights.Fill(new UNet(TinyUNet)), new BertConditioner(bert), DiffusionConfig.Petals);
        StableDiffusion.Save(model, other.Path, ScalarType.Float32);
        using var read = StableDiffusion.Open(other.Path, CPU);
        Assert.Equal(DiffusionConfig.Petals, read.Config);
        var options = new GenerationOptions { Steps = 2 };
        Assert.True(model.Generate(Prompts, options, cancellation: cancellation).allclose(read.Generate(Prompts, options, cancellation: cancellation), atol: 1e-4));
    }

    public void Dispose() => folder.Dispose();

    private string Part(string part, string file) => Path.Combine(folder.Path, part, file);

    private static void Near(string name, string? part, Tensor actual, double tolerance = 1e-4)
    {
        var expected = part is null ? Expected.GetProperty(name) : Expected.GetProperty(name).GetProperty(part);
        var right = tensor(expected.Numbers()).view(actual.shape);
        // Latents are larger than 1: their own size counts.
        var far = ((actual.to(ScalarType.Float64) - right).abs().max() / right.abs().max().clamp_min(1)).item<double>();
        Assert.True(far < tolerance, $"{name} {part}: {far} from the reference");
    }
}
