using ImageGen.Data;
using ImageGen.Metrics;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The judge and MiniCLIP: what ships measures what it should, and trainings repeat and resume.</summary>
public sealed class TrainedModelsTests
{
    [Theory]
    [InlineData(Split.Test)]
    [InlineData(Split.HeldOut)]
    public void TheJudgeSeesWhatIsThereThroughNoiseAndBlur(Split split)
    {
        using var scope = NewDisposeScope();
        using var judge = FlowerJudge.Pretrained();
        var petals = new Petals(split, 150);
        var pictures = PictureTensors.Of(petals, 150);
        FlowerAttributes[] truth = [.. Enumerable.Range(0, 150).Select(petals.Attributes)];
        foreach (var harmed in new[] { pictures, PictureDamage.Noise(pictures, 0.15), PictureDamage.Blur(pictures, 1) })
        {
            var right = AttributeAccuracy.Of(judge.Read(harmed), truth);
            Assert.True(right.Color!.Value >= 0.98 && right.Center!.Value >= 0.98 && right.Backdrop!.Value >= 0.98 && right.Shape!.Value >= 0.8, right.ToString());
            Assert.Equal(150, right.Color.Samples);
        }
        // Against the truth of other flowers it is right as often as chance is: 1 in 10.
        Assert.InRange(AttributeAccuracy.Of(judge.Read(pictures), [.. truth.Reverse()]).Color!.Value, 0, 0.25);
    }

    [Fact]
    public void MiniClipFindsTheCaptionOfAPicture()
    {
        using var scope = NewDisposeScope();
        using var clip = MiniClip.Pretrained();
        var petals = new Petals(Split.Test, 120);
        var pictures = PictureTensors.Of(petals, 120);
        foreach (var wording in new[] { Wording.Usual, Wording.Reworded })
        {
            FlowerCaption[] captions = [.. Enumerable.Range(0, 120).Select(i => petals.Descriptions(i, wording)[0])];
            string[] texts = [.. captions.Select(caption => caption.Text)];
            bool Fits(int caption, int picture) => captions[caption].Fits(petals.Attributes(picture));
            var found = RPrecision.Of(clip, pictures, texts, candidates: 50, alsoFits: Fits);
            Assert.True(found.Value > 0.6, found.ToString());
            var swapped = RPrecision.Of(clip, pictures, [.. texts.Skip(1), texts[0]], candidates: 50);
            Assert.True(swapped.Value < 0.2, swapped.ToString());
            Assert.True(ClipScore.Of(clip, pictures, texts).Low > ClipScore.Of(clip, pictures, [.. texts.Skip(1), texts[0]]).High);
        }
    }

    [Fact]
    public void DamageMovesTheFeaturesThatTheProxyCompares()
    {
        using var scope = NewDisposeScope();
        using var clip = MiniClip.Pretrained();
        var pictures = PictureTensors.Of(new Petals(Split.Test, 400), 400);
        var (made, real) = (pictures[..200], pictures[200..]);
        double Apart(Tensor some) => FrechetDistance.Of(clip, some, real, resamples: 0).Value;
        var clean = Apart(made);
        Assert.True(Apart(PictureDamage.Noise(made, 0.15)) > 1.2 * clean);
        Assert.True(Apart(PictureDamage.Noise(made, 0.3)) > Apart(PictureDamage.Noise(made, 0.15)));
        Assert.True(Apart(PictureDamage.Blur(made, 2)) > 1.2 * clean);
        Assert.True(Apart(made[..20].repeat(10, 1, 1, 1)) > 1.2 * clean);
    }

    [Fact]
    public void TheShippedFilesAreSmallAndTheirProvenanceIsTheirs()
    {
        var bytes = 0L;
        foreach (var name in new[] { "judge", "miniclip" })
        {
            var provenance = Checkpoints.ProvenanceOf(name);
            var file = File.ReadAllBytes(Checkpoints.PathOf(name));
            bytes += file.Length;
            Assert.Equal(provenance.Bytes, file.Length);
            Assert.Equal(provenance.Sha256, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(file)));
            Assert.Contains($"./course train {name}", provenance.Command);
        }
        Assert.InRange(bytes, 1, 6_000_000);
    }

    // Three steps at once, and two after a stop and a state of the first: to the bit.
    [Fact]
    public void ATrainingGoesOnWhereItStopped()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var options = new JudgeOptions { Steps = 3, BatchSize = 5, Seed = 3 };
        Seeds.Set(1);
        var whole = new FlowerJudge();
        var start = whole.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        using var training = new JudgeTraining(whole, options);
        training.Run(cancellation: Token);

        var first = new FlowerJudge();
        using var stop = new CancellationTokenSource();
        using var stopped = new JudgeTraining(first, options);
        Seeds.Set(1);
        first.load_state_dict(start);
        stopped.Run(new Reported(stop.Cancel), folder["state"], stop.Token);

        var second = new FlowerJudge();
        using var resumed = new JudgeTraining(second, options);
        resumed.State.Load(folder["state"]);
        Assert.Equal(1, resumed.State.Step);
        resumed.Run(cancellation: Token);
        foreach (var (name, value) in whole.state_dict()) Assert.True(value.equal(second.state_dict()[name]).all().item<bool>(), name);
    }

    [Fact]
    public void MiniClipLearnsWithAllItsPartsAndKeepsItsVocabulary()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        Seeds.Set(1);
        var petals = new Petals(Split.Train, 60);
        var vocabulary = ImageGen.Text.WordPieceTrainer.Learn(Enumerable.Range(0, 60).SelectMany(i => petals.Captions(i)), 300);
        var clip = new MiniClip(vocabulary);
        using var training = new MiniClipTraining(clip, new() { Steps = 2, BatchSize = 20 });
        var before = clip.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().clone());
        Assert.All(training.Run(cancellation: Token).Losses["loss"], loss => Assert.InRange(loss, 1, 8)); // ln 20 = 3.0 by guessing
        foreach (var (name, parameter) in clip.named_parameters()) Assert.False(parameter.equal(before[name]).all().item<bool>(), name);

        clip.eval();
        SafeTensors.Save(folder["clip"], clip.state_dict(), metadata: clip.Notes);
        using var read = MiniClip.Load(folder["clip"]);
        var (pictures, texts) = (PictureTensors.Of(petals, 3), petals.Captions(0).Take(3).ToArray());
        Assert.True(read.EmbedPictures(pictures).equal(clip.EmbedPictures(pictures)).all().item<bool>());
        Assert.True(read.EmbedTexts(texts).equal(clip.EmbedTexts(texts)).all().item<bool>());
        SafeTensors.Save(folder["bare"], clip.state_dict());
        Assert.Contains("carries no vocabulary", Assert.Throws<CourseException>(() => MiniClip.Load(folder["bare"])).Message);
    }

    [Fact]
    public void WrongPicturesAndOptionsAreNamed()
    {
        using var judge = new FlowerJudge();
        using var picture = zeros(1, 3, 32, 32);
        Assert.Contains("[B, 3, 64, 64], and was given [1, 3, 32, 32]", Assert.Throws<CourseException>(() => judge.Read(picture)).Message);
        Assert.Contains("BatchSize is 4", Assert.Throws<CourseException>(() => new JudgeTraining(judge, new() { BatchSize = 4 })).Message);
        Assert.Contains("LearningRate is 0", Assert.Throws<CourseException>(() => new JudgeTraining(judge, new() { LearningRate = 0 })).Message);
        Assert.Contains("cannot give 5 from number 2 on", Assert.Throws<CourseException>(() => PictureTensors.Of(new Petals(Split.Test, 6), 5, 2)).Message);
        Assert.Contains("no picture", Assert.Throws<CourseException>(() => judge.Read([])).Message);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed class Reported(Action then) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => then();
    }
}
