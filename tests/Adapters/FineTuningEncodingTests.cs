using ImageGen.Adapters;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;
/// <summary>What a fine-tuning encodes, keeps and takes up again.</summary>
public sealed class FineTuningEncodingTests : FineTuningCase
{
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
}
