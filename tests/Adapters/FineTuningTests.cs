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
public sealed class FineTuningTests : FineTuningCase
{
    private const string Prompt = "a red flower";

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
}
