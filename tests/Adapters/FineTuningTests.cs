using ImageGen.Adapters;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>A LoRA of one's own, on a small model in the published folders.</summary>
public sealed class FineTuningTests : IDisposable
{
    private const string Prompt = "a red flower";
    private readonly TemporaryFolder folder = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    public FineTuningTests()
    {
        using var scope = NewDisposeScope();
        using var model = DiffusionFixtures.Small();
        StableDiffusion.Save(model, Model, ScalarType.Float32);
        OwnPictures.Write(folder["mine"], new Petals(Split.Train, 5, side: 24));
    }

    private string Model => folder["model"];

    [Theory]
    [InlineData(false, ScalarType.Float32)]
    [InlineData(true, ScalarType.Float32)]
    [InlineData(false, ScalarType.BFloat16)]
    [InlineData(true, ScalarType.BFloat16)]
    [InlineData(false, ScalarType.Float16)]
    [InlineData(true, ScalarType.Float16)]
    public void ItLearnsAndTheFileCountsAsMuchAsItsWeight(bool quantize, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var options = new FineTuneOptions { Steps = 40, BatchSize = 4, LearningRate = 0.02, Quantize = quantize, Type = type };
        // The same chance with next to no learning: what is left between the two is what was learned.
        var idle = Learn("idle", options with { LearningRate = 1e-12 }, null);
        var learned = Learn("learned", options, folder["mine.safetensors"]);
        var (before, after) = (idle.Losses["loss"].TakeLast(10).Average(), learned.Losses["loss"].TakeLast(10).Average());
        Assert.True(after < before - 0.005, $"{before} to {after}");

        using var model = StableDiffusion.Open(Model, CPU);
        var how = new GenerationOptions { Steps = 2, GuidanceScale = 1 };
        var without = model.Generate([Prompt], how, cancellation: cancellation);
        using var lora = LoraFile.Attach(model.UNet, folder["mine.safetensors"]);
        Assert.All(lora.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        lora.Weight = 0;
        Assert.True(AdapterFixtures.Same(without, model.Generate([Prompt], how, cancellation: cancellation)));
        lora.Weight = 1;
        Assert.True((model.Generate([Prompt], how, cancellation: cancellation) - without).abs().mean().item<float>() > 0.01);
    }

    [Fact]
    public void Float16LearnsWhatFloat32Learns()
    {
        using var scope = NewDisposeScope();
        var options = new FineTuneOptions { Steps = 40, BatchSize = 4, LearningRate = 0.02, Type = ScalarType.Float32 };
        var (right, half) = (Learn("right", options, null).Losses["loss"], Learn("half", options with { Type = ScalarType.Float16 }, null).Losses["loss"]);
        // Ten times closer than what is learned: see the test before, whose bound is the same 0.005 and whose steps are these.
        Assert.InRange(Math.Abs(half.TakeLast(10).Average() - right.TakeLast(10).Average()), 0, 0.0005);
        Assert.All(right.Zip(half), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.002 * pair.First));
    }

    [Fact]
    public void InFloat16ATrainingGoesOnBitForBitWithTheFactorOfItsLoss()
    {
        using var scope = NewDisposeScope();
        // The first steps overflow and are left out: a training that forgot its factor would leave out as many again.
        var options = new FineTuneOptions { Steps = 12, BatchSize = 2, LearningRate = 1e-2, Type = ScalarType.Float16, FirstLossScale = Math.Pow(2, 30) };
        var whole = Weights("whole", options);
        using (var stop = new CancellationTokenSource())
        using (var first = Prepare("parts", options))
            Assert.True(first.Run(progress: new Watcher(stop.Cancel), cancellation: stop.Token).Cancelled);
        Assert.InRange(Factor("parts"), 1, Math.Pow(2, 29));
        var resumed = Weights("parts", options, resume: true);
        Assert.InRange(Factor("parts"), Math.Pow(2, 20), Math.Pow(2, 28)); // it found steps to take
        Assert.Equal(Factor("whole"), Factor("parts"));
        Assert.All(whole, pair => Assert.True(AdapterFixtures.Same(pair.Value, resumed[pair.Key]), pair.Key));
        Assert.Contains(whole.Values, value => value.abs().max().item<float>() > 0.01);

        double Factor(string name)
        {
            using var file = WeightFile.Open(Path.Combine(folder[name], "state.safetensors"));
            return double.Parse(file.Metadata["loss:scale"], System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public void AModelWhoseNumbersAreTooLargeForFloat16SaysSo()
    {
        using (var scope = NewDisposeScope())
        {
            using var model = DiffusionFixtures.Small();
            FormulaWeights.Shrink(model.UNet, "conv_out", 1e7); // its predictions are beyond 65,504
            StableDiffusion.Save(model, folder["large"], ScalarType.Float32);
        }
        var options = new FineTuneOptions { Steps = 2, LearningRate = 1e-6 };
        Assert.All(Run(ScalarType.Float32).Losses["loss"], loss => Assert.True(double.IsFinite(loss)));
        var message = Assert.Throws<CourseException>(() => Run(ScalarType.Float16)).Message;
        Assert.Contains("float16 stopped: the model's own numbers overflow", message);
        Assert.Contains("--type bfloat16", message);

        LoopResult Run(ScalarType type)
        {
            using var tuning = FineTuning.Prepare(folder["large"], PictureFolder.Open(folder["mine"], 16), folder["run"], options with { Type = type }, cancellation: cancellation);
            return tuning.Run(cancellation: cancellation);
        }
    }

    [Fact]
    public void WhatLearnsIsNeverFloat16()
    {
        using var scope = NewDisposeScope();
        using var tuning = Prepare("run", new() { Type = ScalarType.Float16 });
        Assert.All(tuning.Adapter.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        using var model = StableDiffusion.Open(Model, CPU, ScalarType.Float16);
        using var cache = LatentCache.Of(PictureFolder.Open(folder["mine"], 16), model.Autoencoder, model.Text, cancellation: cancellation);
        Assert.Contains("What learns is Float16", Assert.Throws<CourseException>(() => DiffusionTraining.Run(model, cache, new() { Steps = 1 }, cancellation: cancellation)).Message);
    }

    [Fact]
    public void AModelThatDrawsFlowersLearnsAFewTulips()
    {
        using var scope = NewDisposeScope();
        using (var petals = LatentDiffusion.Pretrained()) StableDiffusion.Save(petals, folder["petals"], ScalarType.Float32);
        OwnPictures.Write(folder["tulips"], new Tulips(4));
        var options = new FineTuneOptions { Steps = 40, BatchSize = 4, LearningRate = 0.02, CaptionsPerPicture = 1 };
        var (before, after) = (Loss(options with { LearningRate = 1e-12 }), Loss(options));
        Assert.True(after < 0.85 * before, $"{before} to {after}");

        double Loss(FineTuneOptions how)
        {
            using var tuning = FineTuning.Prepare(folder["petals"], PictureFolder.Open(folder["tulips"], FineTuning.SideOf(folder["petals"])), folder["run"], how);
            return tuning.Run(cancellation: cancellation).Losses["loss"].TakeLast(10).Average();
        }
    }

    [Fact]
    public void ATrainingThatGoesOnIsTheSameToTheBitAndEncodesNothingAgain()
    {
        using var scope = NewDisposeScope();
        var options = new FineTuneOptions { Steps = 6, BatchSize = 2, LearningRate = 1e-2, SaveEvery = 2 };
        var whole = Weights("whole", options);
        using (var stop = new CancellationTokenSource())
        using (var first = Prepare("parts", options))
            Assert.True(first.Run(progress: new Watcher(stop.Cancel), cancellation: stop.Token).Cancelled);
        var written = Written();
        Assert.Equal(2, written.Length); // pictures and captions
        Assert.True(FineTuning.CanResume(folder["parts"]));
        var resumed = Weights("parts", options, resume: true);
        Assert.Equal(written, Written());
        Assert.All(whole, pair => Assert.True(AdapterFixtures.Same(pair.Value, resumed[pair.Key]), pair.Key));
        Assert.Contains(whole.Values, value => value.abs().max().item<float>() > 0.01);

        DateTime[] Written() => [.. Encoded("parts").Select(File.GetLastWriteTimeUtc)];
    }

    [Fact]
    public void OnlyPicturesThatTheStepsSeeAreEncoded()
    {
        // tests/Fixtures/make_seen.py drew these with PyTorch's own generator.
        Assert.Equal([2, 3, 0], FineTuning.PicturesSeen(5, new() { Steps = 3 }));
        Assert.Equal([4934, 4173, 393, 5345, 4440, 3498, 1929, 4282], FineTuning.PicturesSeen(6000, new() { Steps = 2, BatchSize = 4, Seed = 11 }));
        Assert.Equal(5, FineTuning.PicturesSeen(5, new() { Steps = 100 }).Count);
        var (seen, options) = (new List<EncodingProgress>(), new FineTuneOptions { Steps = 3, LearningRate = 1e-2 });
        Prepare("run", options, new Encodings(seen.Add), cancellation).Dispose();
        Assert.Equal([("pictures", 3), ("captions", 7)], seen.Select(at => (at.What, at.Count))); // and no text
    }

    [Fact]
    public void ATrainingOnWhatItSeesIsThatOnAll()
    {
        using var scope = NewDisposeScope();
        var options = new DiffusionOptions { Steps = 4, BatchSize = 1, Seed = 3, LearningRate = 1e-2 };
        using var model = StableDiffusion.Open(Model, CPU);
        var pictures = PictureFolder.Open(folder["mine"], 16);
        var seen = DiffusionTraining.Seen(pictures.Count, options, CPU);
        Assert.InRange(seen.Count, 2, 4);
        using var all = LatentCache.Of(pictures, model.Autoencoder, model.Text, cancellation: cancellation);
        using var some = LatentCache.Of(pictures, model.Autoencoder, model.Text, only: seen, cancellation: cancellation);
        Assert.Equal((5, 5, 5, seen.Count), (all.Count, all.Encoded, some.Count, some.Encoded));
        // Pictures are encoded beside others here and there, which moves last bits.
        Assert.All(Losses(all).Zip(Losses(some)), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
        var missing = Enumerable.Range(0, 5).Except(seen).First();
        Assert.ThrowsAny<Exception>(() => some.At(tensor(new long[] { missing }), tensor(new long[] { -1 })));

        IReadOnlyList<double> Losses(LatentCache cache)
        {
            using var lora = Lora.Attach(model.UNet);
            return DiffusionTraining.Run(model, lora, cache, options, cancellation: cancellation).Losses["loss"];
        }
    }

    [Fact]
    public void MoreStepsLaterEncodeWhatIsMissing()
    {
        using var scope = NewDisposeScope();
        var options = new FineTuneOptions { Steps = 3, LearningRate = 1e-2 };
        Weights("run", options);
        var (before, more, seen) = (FineTuning.PicturesSeen(5, options).Count, options with { Steps = 40 }, new List<EncodingProgress>());
        Assert.Equal(5, FineTuning.PicturesSeen(5, more).Count);
        using (var tuning = Prepare("run", more, new Encodings(seen.Add), cancellation))
            Assert.Equal(37, tuning.Run(resume: true, cancellation: cancellation).Losses.Steps.Count);
        Assert.Equal([("pictures", before, true), ("pictures", 5, false), ("captions", 2 * before + 1, true), ("captions", 11, false)],
            seen.Select(at => (at.What, at.Done, at.Left is null)));

        // Once more, fewer and more again: what was there is not encoded again, and neither is another picture's caption.
        seen.Clear();
        Prepare("run", options, new Encodings(seen.Add), cancellation).Dispose();
        Prepare("run", more, new Encodings(seen.Add), cancellation).Dispose();
        Assert.Empty(seen);
        OwnPictures.Write(folder["other"], new Petals(Split.Test, 5, side: 24));
        File.Copy(folder["other/3.png"], folder[$"mine/{FineTuning.PicturesSeen(5, options)[0]}.png"], overwrite: true);
        Assert.Contains("had other pictures", Assert.Throws<CourseException>(() => Weights("run", more, resume: true)).Message);
    }

    [Fact]
    public void AnEncodingThatWasStoppedGoesOn()
    {
        using var scope = NewDisposeScope();
        var options = new FineTuneOptions { Steps = 2, LearningRate = 1e-2 };
        var whole = Weights("whole", options);
        using (var stop = new CancellationTokenSource())
            Assert.Throws<OperationCanceledException>(() => Prepare("parts", options, new Encodings(_ => stop.Cancel()), stop.Token).Dispose());
        Assert.Contains("pictures-", Assert.Single(Encoded("parts")));
        Assert.False(FineTuning.CanResume(folder["parts"]));
        var seen = new List<EncodingProgress>();
        Prepare("parts", options, new Encodings(seen.Add), cancellation).Dispose();
        Assert.Equal("captions", Assert.Single(seen).What); // the pictures were there
        var resumed = Weights("parts", options);
        Assert.All(whole, pair => Assert.True(AdapterFixtures.Same(pair.Value, resumed[pair.Key]), pair.Key));
    }

    [Fact]
    public void AnotherPictureIsEncodedByItselfAndAnotherTypeAnew()
    {
        var options = new FineTuneOptions { Steps = 40 };
        Prepare("run", options).Dispose();
        File.Copy(folder["mine/0.txt"], folder["mine/5.txt"]);
        new Petals(Split.Test, 1, side: 24).Picture(0).Save(folder["mine/5.png"]);
        var seen = new List<EncodingProgress>();
        Prepare("run", options, new Encodings(seen.Add), cancellation).Dispose();
        Assert.Equal([("pictures", 5, true), ("pictures", 6, false)], seen.Select(at => (at.What, at.Done, at.Left is null)));
        seen.Clear();
        Prepare("run", options with { Type = ScalarType.BFloat16 }, new Encodings(seen.Add), cancellation).Dispose();
        Assert.Equal([("pictures", 6, false), ("captions", 11, false)], seen.Select(at => (at.What, at.Done, at.Left is null)));
    }

    [Fact]
    public void WhatTheEncodedTakeIsCounted()
    {
        // Stable Diffusion's own measures where a folder says nothing: 4 × 64 × 64 numbers a picture, 77 × 768 a caption, of two bytes.
        Directory.CreateDirectory(folder["sd/unet"]);
        Assert.Equal(2L * (10 * 4 * 64 * 64 + 30 * 77 * 768), FineTuning.EncodedBytes(folder["sd"], 512, 10, 30));
    }

    [Fact]
    public void ATrialChangesNothing()
    {
        using var scope = NewDisposeScope();
        var options = new FineTuneOptions { Steps = 2, LearningRate = 1e-2 };
        var right = Weights("plain", options);
        var tried = Weights("tried", options, trial: true);
        Assert.All(right, pair => Assert.True(AdapterFixtures.Same(pair.Value, tried[pair.Key]), pair.Key));
    }

    [Fact]
    public void TheForecastCountsAndFourBitsWeighLess()
    {
        using var plain = Prepare("plain", new());
        using var small = Prepare("small", new() { Quantize = true });
        using var half = Prepare("half", new() { Type = ScalarType.BFloat16, BatchSize = 2 });
        using var unet = new UNet(DiffusionFixtures.TinyUNet);
        Assert.Equal(4 * unet.parameters().Sum(parameter => parameter.numel()), plain.Forecast().Weights);
        Assert.Equal(2 * half.Forecast().Weights, plain.Forecast().Weights);
        Assert.InRange(half.Forecast().Step, plain.Forecast().Step, 2 * plain.Forecast().Step); // two pictures, of smaller numbers
        Assert.True(small.Forecast().Weights < plain.Forecast().Weights);
        // Numbers that learn: themselves, a gradient, two moments, an average.
        Assert.Equal(5 * 4 * plain.Adapter.ParameterCount, plain.Forecast().Learning);
    }

    [Fact]
    public void WhatDoesNotFitIsNamed()
    {
        Assert.Equal(16, FineTuning.SideOf(Model));
        Assert.Equal(24, FineTuning.SideOf(Model, 24));
        Assert.Contains("multiples of 4; 16 is what", Message(() => FineTuning.SideOf(Model, 18)));
        Assert.Contains("multiples of 4", Message(() => FineTuning.SideOf(Model, 0)));
        Assert.Contains("no folder", Message(() => FineTuning.SideOf(folder["nothing"])));
        Assert.Contains("Rank is 0", Message(() => new FineTuneOptions { Rank = 0 }.Check()));
        Assert.Contains("Steps is -1", Message(() => new FineTuneOptions { Steps = -1 }.Check()));
        Assert.Contains("LearningRate is NaN", Message(() => new FineTuneOptions { LearningRate = double.NaN }.Check()));
        Assert.Contains("Type is Float64", Message(() => new FineTuneOptions { Type = ScalarType.Float64 }.Check()));
        Assert.Contains("lower Rank", Message(() => Prepare("high", new() { Rank = 500 }).Dispose()));
        var options = new FineTuneOptions { Steps = 2 };
        Assert.Contains("no training to go on with", Message(() => Weights("run", options, resume: true)));
        Weights("run", options);
        Assert.Contains("Rank is 4, and 8 in the training", Message(() => Weights("run", options with { Rank = 4 }, resume: true)));
        Assert.Contains("Seed is 5", Message(() => Weights("run", options with { Seed = 5 }, resume: true)));
        File.WriteAllText(folder["mine/0.txt"], "another caption");
        Assert.Contains("had other pictures, captions", Message(() => Weights("run", options, resume: true)));

        static string Message(Action work) => Assert.Throws<CourseException>(work).Message;
    }

    [Fact]
    public void EncodedPicturesThatAreDamagedAreEncodedAgain()
    {
        using var scope = NewDisposeScope();
        var options = new FineTuneOptions { Steps = 2, LearningRate = 1e-2 };
        var right = Weights("run", options);
        var encoded = Encoded("run");
        var lengths = encoded.Select(file => new FileInfo(file).Length).ToArray();
        foreach (var file in encoded) File.WriteAllBytes(file, File.ReadAllBytes(file)[..200]);
        var again = Weights("run", options);
        Assert.Equal(encoded, Encoded("run"));
        Assert.Equal(lengths, encoded.Select(file => new FileInfo(file).Length));
        Assert.All(right, pair => Assert.True(AdapterFixtures.Same(pair.Value, again[pair.Key]), pair.Key));
    }

    [Fact]
    public void TheFileIsKohyasAndSaysItsNotes()
    {
        using (var tuning = Prepare("run", new() { Rank = 2 }))
            LoraFile.Save(tuning.Adapter, folder["mine.safetensors"], LoraLayout.Kohya, notes: new Dictionary<string, string> { ["command"] = "mine" });
        using var file = WeightFile.Open(folder["mine.safetensors"]);
        Assert.Equal("mine", file.Metadata["command"]);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.All(file.Entries, entry => Assert.StartsWith("lora_unet_", entry.Name));
        Assert.Contains(file.Entries, entry => entry.Name.EndsWith("attn2_to_k.lora_down.weight", StringComparison.Ordinal) && entry.Shape[0] == 2);
    }

    public void Dispose() => folder.Dispose();

    private string[] Encoded(string name) => [.. Directory.GetFiles(Path.Combine(folder[name], "encoded")).Order(StringComparer.Ordinal)];

    private FineTuning Prepare(string name, FineTuneOptions options) => Prepare(name, options, null, cancellation);

    private FineTuning Prepare(string name, FineTuneOptions options, IProgress<EncodingProgress>? progress, CancellationToken stop) =>
        FineTuning.Prepare(Model, PictureFolder.Open(folder["mine"], 16), folder[name], options, progress, stop);

    private LoopResult Learn(string name, FineTuneOptions options, string? file)
    {
        using var tuning = Prepare(name, options);
        var result = tuning.Run(cancellation: cancellation);
        if (file is not null) LoraFile.Save(tuning.Adapter, file, LoraLayout.Kohya);
        return result;
    }

    private Dictionary<string, Tensor> Weights(string name, FineTuneOptions options, bool resume = false, bool trial = false)
    {
        using var tuning = Prepare(name, options);
        if (trial) Assert.True(tuning.Try() > TimeSpan.Zero);
        tuning.Run(resume, cancellation: cancellation);
        return tuning.Adapter.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
    }

    private sealed class Encodings(Action<EncodingProgress> seen) : IProgress<EncodingProgress>
    {
        public void Report(EncodingProgress value) => seen(value);
    }

    private sealed class Watcher(Action seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen();
    }
}
