using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ImageGen.Adapters;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Gan;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Style;
using ImageGen.Text;
using ImageGen.Vision;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The same seed gives the same bits: twice in one process, and in a process of its own.</summary>
public sealed partial class SameSeedTests(ITestOutputHelper output) : FineTuningCase
{
    private const string Child = "IMAGEGEN_TEST_SAME_SEED";

    [Fact]
    public async Task TheSameSeedGivesTheSameBitsInEveryProcess()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable(Child) == "1", "This is the other process.");
        var (once, again) = (Prints(), Prints());
        Assert.All(once.Zip(again), pair => Assert.Equal(pair.First, pair.Second));

        var start = Dotnet.With(
            Path.Combine(AppContext.BaseDirectory, "ImageGen.Tests.dll"), "-noColor", "-showLiveOutput", "-method", $"*.{nameof(ThisProcessPrints)}");
        start.Environment[Child] = "1";
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var elsewhere = Line().Matches(await process.StandardOutput.ReadToEndAsync(cancellation)).Select(match => match.Value).ToArray();
        await process.WaitForExitAsync(cancellation);
        Assert.Equal(once, elsewhere);
    }

    [Fact]
    public void ThisProcessPrints()
    {
        var prints = Environment.GetEnvironmentVariable(Child) == "1" ? Prints() : [];
        foreach (var print in prints) output.WriteLine(print);
    }

    private string[] Prints() =>
    [
        Print("adam", Painting(StyleOptimizer.Adam)),
        Print("lbfgs", Painting(StyleOptimizer.Lbfgs)),
        Print("texture", Texture()),
        Print("gan", GanSteps()),
        Print("diffusion", DiffusionSteps()),
        Print("sampling", Sampling()),
        Print("finetuning", FineTuningSteps()),
    ];

    private byte[] Painting(StyleOptimizer optimizer)
    {
        using var network = new FilterPyramid();
        var options = new StyleTransferOptions { Size = 48, Steps = 4, Levels = 2, Optimizer = optimizer, Start = StyleStart.Noise };
        return StyleTransfer.Run(Leaves(1), Leaves(2), network, options, cancellation: cancellation).Picture.Rgb;
    }

    private byte[] Texture()
    {
        using var network = new FilterPyramid();
        var options = new TextureOptions { Width = 48, Height = 48, ExampleSize = 64, Steps = 4 };
        return TextureSynthesis.Run(Leaves(2), network, options, cancellation: cancellation).Picture.Rgb;
    }

    private byte[] GanSteps()
    {
        var flowers = new Petals(Split.Train, 24);
        var words = BagOfWords.Learn(Enumerable.Range(0, 24).SelectMany(flowers.Captions));
        using var trainer = new GanTrainer(new() { TextWidth = words.Width, GeneratorWidth = 8, DiscriminatorWidth = 8, Matching = TextMatching.Projection }, flowers, words,
            GanOptions.Petals with { BatchSize = 6, Steps = 2 });
        trainer.Run(cancellation: cancellation);
        return Bytes(trainer.Generator.state_dict().Values);
    }

    private byte[] DiffusionSteps()
    {
        Seeds.Set(3);
        using var model = DiffusionFixtures.Small();
        using var cache = LatentCache.Of(new Petals(Split.Train, 6, side: 16), model.Autoencoder, model.Text, cancellation: cancellation);
        DiffusionTraining.Run(model, cache, new() { Steps = 2, BatchSize = 4 }, cancellation: cancellation);
        return Bytes(model.UNet.state_dict().Values);
    }

    private byte[] Sampling()
    {
        using var model = DiffusionFixtures.Small();
        using var pictures = model.Generate(["a red flower"], new() { Steps = 3 }, cancellation: cancellation);
        return Bytes([pictures]);
    }

    private byte[] FineTuningSteps()
    {
        using var scope = NewDisposeScope();
        return Bytes(Weights($"same seed {Guid.NewGuid():N}", new() { Steps = 2, BatchSize = 2, Type = ScalarType.Float32 }).Values);
    }

    private static byte[] Bytes(IEnumerable<Tensor> tensors) =>
        [.. tensors.SelectMany(tensor => tensor.detach().to(ScalarType.Float32).contiguous().bytes.ToArray())];

    private static Picture Leaves(int seed)
    {
        using var drawn = DeadLeaves.Draw(1, 48, seed);
        return Picture.FromTensor(drawn);
    }

    private static string Print(string work, byte[] bytes) => $"{work}={Convert.ToHexString(SHA256.HashData(bytes))[..16]}";

    [GeneratedRegex(@"\b[a-z]+=[0-9A-F]{16}\b")]
    private static partial Regex Line();
}
