using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class LatentDiffusionTests : IDisposable
{
    private static readonly string[] Prompts = ["a red flower", "a flower with blue petals and a white center"];

    private readonly Petals data = new(Split.Train, 12, side: 16);
    private readonly BertText bert;
    private readonly AutoencoderKL autoencoder;
    private readonly UNet unet;
    private readonly LatentDiffusion model;

    public LatentDiffusionTests()
    {
        manual_seed(3);
        bert = BertText.Untrained(Enumerable.Range(0, data.Count).SelectMany(data.Captions).Concat(Prompts), new BertConfig(400, Width: 16, Layers: 1, Heads: 2, FeedForward: 16, Positions: 24));
        autoencoder = new(new([8, 8, 8], 1, NormGroups: 2));
        unet = new(new([8, 16], [false, true], bert.Width, ResnetsPerLevel: 1, Heads: 2, NormGroups: 2, LatentSide: 4));
        autoencoder.eval();
        unet.eval();
        model = new(autoencoder, unet, new BertConditioner(bert), DiffusionConfig.Petals);
    }

    [Theory]
    [InlineData(SamplerKind.Ddim)]
    [InlineData(SamplerKind.Heun)]
    [InlineData(SamplerKind.EulerAncestral)]
    public void TheSameSeedGivesTheSamePicturesAndLeavesNothingBehind(SamplerKind sampler)
    {
        using var scope = NewDisposeScope();
        var options = new GenerationOptions { Steps = 3, Sampler = sampler };
        var first = model.Generate(Prompts, options, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([2, 3, 16, 16], first.shape);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var again = model.Generate(Prompts, options, cancellation: TestContext.Current.CancellationToken))
            Assert.True(first.equal(again).all().item<bool>());
        using (var other = model.Generate(Prompts, options with { Seed = 8 }, cancellation: TestContext.Current.CancellationToken))
            Assert.False(first.equal(other).all().item<bool>());
        Assert.True(DisposeScopeManager.Statistics.ThreadTotalLiveCount - before <= 4); // the comparisons' own
    }

    [Fact]
    public void GuidanceInOneBatchIsGuidanceInTwo()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (x, moments) = (randn(2, 4, 4, 4), tensor(new[] { 500L, 500 }));
        var (negative, positive) = (model.Text.Encode(["", ""]), model.Text.Encode(Prompts));
        var both = negative.Then(positive);
        var together = unet.call(cat([x, x], 0), moments.repeat(2), both.Sequence, both.Mask).chunk(2, dim: 0);
        Assert.True(together[0].allclose(unet.call(x, moments, negative.Sequence, negative.Mask), atol: 1e-5));
        Assert.True(together[1].allclose(unet.call(x, moments, positive.Sequence, positive.Mask), atol: 1e-5));
    }

    [Fact]
    public void GuidanceZeroAsksTheNegativePromptAlone()
    {
        using var scope = NewDisposeScope();
        var options = new GenerationOptions { Steps = 3, GuidanceScale = 0, GuidanceStart = 0, NegativePrompt = "a red flower" };
        var away = model.Generate(["a blue flower"], options, cancellation: TestContext.Current.CancellationToken);
        var toward = model.Generate(["a red flower"], new GenerationOptions { Steps = 3, GuidanceScale = 1 }, cancellation: TestContext.Current.CancellationToken);
        Assert.True(away.allclose(toward, atol: 1e-4));
    }

    [Fact]
    public void GuidanceOutsideItsPartOfTheWayIsNone()
    {
        using var scope = NewDisposeScope();
        // DPM-Solver's three looks are at 0, a third and two thirds of the way.
        Tensor Made(double scale, double start, double stop = 1) => model.Generate(["a blue flower"],
            new() { Steps = 3, GuidanceScale = scale, GuidanceStart = start, GuidanceStop = stop }, cancellation: TestContext.Current.CancellationToken);
        using var none = Made(1, 0);
        Assert.True(Made(4, 0.9).allclose(none, rtol: 0, atol: 0));
        Assert.True(Made(4, 0.4, 0.5).allclose(none, rtol: 0, atol: 0));
        Assert.False(Made(4, 0.5).allclose(none, atol: 1e-3));
        Assert.False(Made(4, 0).allclose(Made(4, 0.2), atol: 1e-3));
    }

    [Fact]
    public void StrengthZeroLeavesThePictureAndAMaskOfZerosKeepsIt()
    {
        using var scope = NewDisposeScope();
        var picture = rand(1, 3, 16, 16) * 2 - 1;
        var through = autoencoder.ToPictures(autoencoder.ToLatents(picture));
        var options = new GenerationOptions { Steps = 4 };
        Assert.True(model.FromPictures(picture, ["a red flower"], 0, options, cancellation: TestContext.Current.CancellationToken).allclose(through));
        Assert.False(model.FromPictures(picture, ["a red flower"], 1, options, cancellation: TestContext.Current.CancellationToken).allclose(through, atol: 0.01));
        Assert.True(model.Inpaint(picture, zeros(1, 1, 16, 16), ["a red flower"], options, cancellation: TestContext.Current.CancellationToken).allclose(through, atol: 1e-5));
        Assert.Contains("strength is 1.5", Assert.Throws<CourseException>(() => model.FromPictures(picture, ["a"], 1.5, cancellation: TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public void BadInputIsOneClearLine()
    {
        Assert.Contains("guidance scale is NaN", Assert.Throws<CourseException>(() => model.Generate(Prompts, new() { GuidanceScale = double.NaN }, cancellation: TestContext.Current.CancellationToken)).Message);
        Assert.Contains("Steps is 0", Assert.Throws<CourseException>(() => model.Generate(Prompts, new() { Steps = 0 }, cancellation: TestContext.Current.CancellationToken)).Message);
        Assert.Contains("Steps is 10001", Assert.Throws<CourseException>(() => model.Generate(Prompts, new() { Steps = 10_001 }, cancellation: TestContext.Current.CancellationToken)).Message);
        Assert.Contains("LatentWidth", Assert.Throws<CourseException>(() => model.Generate(Prompts, new() { LatentWidth = 0 }, cancellation: TestContext.Current.CancellationToken)).Message);
        Assert.Contains("no prompt", Assert.Throws<CourseException>(() => model.Generate([], cancellation: TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public void PicturesAndMasksThatDoNotFitAreRefused()
    {
        using var scope = NewDisposeScope();
        var stop = TestContext.Current.CancellationToken;
        string[] one = ["a red flower"];
        Assert.Contains("multiples of 4, for example 16×20", Assert.Throws<CourseException>(() => model.FromPictures(zeros(1, 3, 19, 16), one, 0.5, cancellation: stop)).Message);
        Assert.Contains("multiples of 4", Assert.Throws<CourseException>(() => model.Inpaint(zeros(1, 3, 18, 16), zeros(1, 1, 18, 16), one, cancellation: stop)).Message);
        Assert.Contains("The mask is [1, 1, 8, 8]", Assert.Throws<CourseException>(() => model.Inpaint(zeros(1, 3, 16, 16), zeros(1, 1, 8, 8), one, cancellation: stop)).Message);
        Assert.Contains("The mask is [16, 16]", Assert.Throws<CourseException>(() => model.Inpaint(zeros(1, 3, 16, 16), zeros(16, 16), one, cancellation: stop)).Message);
        Assert.Contains("2 prompts for 1 pictures", Assert.Throws<CourseException>(() => model.FromPictures(zeros(1, 3, 16, 16), Prompts, 0.5, cancellation: stop)).Message);
    }

    [Fact]
    public void ManyPromptsAreDrawnInParts()
    {
        using var scope = NewDisposeScope();
        var options = new GenerationOptions { Steps = 1, Seed = 5 };
        string[] many = [.. Enumerable.Range(0, 70).Select(i => Prompts[i % 2])];
        var all = model.Generate(many, options, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([70, 3, 16, 16], all.shape);
        Assert.True(all[..64].equal(model.Generate(many[..64], options, cancellation: TestContext.Current.CancellationToken)).all().item<bool>());
        Assert.True(all[64..].equal(model.Generate(many[64..], options with { Seed = 6 }, cancellation: TestContext.Current.CancellationToken)).all().item<bool>());
    }

    [Fact]
    public void ACutUNetIsRefusedAndSoIsAnotherModelsFile()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "unet.safetensors");
        SafeTensors.Save(path, unet, metadata: new Dictionary<string, string> { [AutoencoderKL.ConfigNote] = unet.Config.ToJson() });
        using (var file = WeightFile.Open(path))
        {
            using var again = UNet.Load(file);
            foreach (var (name, value) in again.state_dict()) Assert.True(value.equal(unet.state_dict()[name]).all().item<bool>(), name);
        }
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..^100]);
        Assert.Contains("are not in the file", Assert.Throws<CourseException>(() => UNet.Load(WeightFile.Open(path))).Message);
        SafeTensors.Save(path, autoencoder, metadata: new Dictionary<string, string> { [AutoencoderKL.ConfigNote] = unet.Config.ToJson() });
        using var other = WeightFile.Open(path);
        Assert.Contains("conv_in", Assert.Throws<CourseException>(() => UNet.Load(other)).Message);
    }

    [Fact]
    public void APromptLongerThanTheContextIsCutWithAWarningThatShowsWhere()
    {
        var warnings = new List<string>();
        var longPrompt = string.Join(' ', Enumerable.Repeat("a", 30));
        using var pictures = model.Generate([longPrompt], new() { Steps = 1, Warn = warnings.Add }, cancellation: TestContext.Current.CancellationToken);
        var warning = Assert.Single(warnings);
        // 30 words, a beginning and an end; of 24 tokens the words have 22.
        Assert.Contains("32 tokens", warning);
        Assert.Contains("reads 24", warning);
        Assert.Contains("'a a a a a a a a' is not read", warning);
        Assert.Null(model.Text.Warning("a red flower"));
    }

    [Fact]
    public void RunningOutOfMemorySaysTheNeedWhatIsFreeAndWhatToLower()
    {
        var error = Assert.Throws<MemoryShortageException>(() => MemoryShortage.Explained(() => zeros([1L << 40, 1000]), "lower BatchSize"));
        Assert.Contains("4.4 PB", error.Message);
        Assert.Contains("free", error.Message);
        Assert.Contains("lower BatchSize", error.Message);
        var picture = Assert.Throws<MemoryShortageException>(() => model.Generate(Prompts, new() { LatentWidth = 1 << 22, LatentHeight = 1 << 22 }, cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("make fewer pictures at once, or smaller ones", picture.Message);
        Assert.Throws<InvalidOperationException>(() => MemoryShortage.Explained<int>(() => throw new InvalidOperationException("another error"), "nothing"));
    }

    [Fact]
    public void TheCacheHoldsWhatTheEncodersSay()
    {
        using var scope = NewDisposeScope();
        using var cache = Cache();
        Assert.Equal((12, 2), (cache.Count, cache.CaptionsPerPicture));
        var (latents, text) = cache.At(tensor(new[] { 5L, 5 }), tensor(new[] { 1L, -1 }));
        Assert.True(latents[0].allclose(autoencoder.ToLatents(data.Picture(5).ToTensor() * 2 - 1)[0], rtol: 0.01, atol: 0.01));
        var caption = model.Text.Encode([data.Captions(5)[1], ""]);
        Assert.Equal(caption.Sequence.shape, text.Sequence.shape);
        Assert.True(text.Mask!.equal(caption.Mask!).all().item<bool>());
        Assert.True((text.Sequence * text.Mask.unsqueeze(-1)).allclose(caption.Sequence * caption.Mask!.unsqueeze(-1), rtol: 0.01, atol: 0.01));
    }

    [Fact]
    public void EachDistinctCaptionIsKeptOnce()
    {
        using var scope = NewDisposeScope();
        var pictures = new Twins(new Petals(Split.Train, 3, side: 16));
        using var cache = LatentCache.Of(pictures, autoencoder, model.Text, captionsPerPicture: 2, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((3, 3), (cache.Count, cache.DistinctCaptions)); // no text, and two captions that all pictures share
        var (_, text) = cache.At(tensor(new[] { 0L, 1, 2 }), tensor(new[] { 1L, 1, 0 }));
        Assert.True(text.Sequence[0].equal(text.Sequence[1]).all().item<bool>());
        Assert.False(text.Sequence[1].equal(text.Sequence[2]).all().item<bool>());
    }

    public void Dispose()
    {
        bert.Dispose();
        autoencoder.Dispose();
        unet.Dispose();
    }

    private LatentCache Cache() => LatentCache.Of(data, autoencoder, model.Text);

    /// <summary>Pictures that all have the same two captions.</summary>
    private sealed class Twins(Petals pictures) : ICaptionedPictures
    {
        public string Name => pictures.Name;
        public int Count => pictures.Count;
        public int Side => pictures.Side;
        public bool MayFlip => false;
        public Picture Picture(int index) => pictures.Picture(index);
        public IReadOnlyList<string> Captions(int index) => Prompts;
    }
}
