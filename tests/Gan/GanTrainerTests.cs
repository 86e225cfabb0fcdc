using ImageGen.Course.Running;
using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests.Gan;

public sealed class GanTrainerTests
{
    private static readonly Petals Flowers = new(Split.Train, 24);
    private static readonly BagOfWords Words = BagOfWords.Learn(Enumerable.Range(0, 24).SelectMany(Flowers.Captions));

    private static readonly GanConfig Tiny = new()
    {
        TextWidth = Words.Width, TextCode = 8, NoiseWidth = 5, GeneratorWidth = 4, DiscriminatorWidth = 4, Matching = TextMatching.Projection,
    };

    private static readonly GanOptions Quick = GanOptions.Petals with { BatchSize = 6, Steps = 4 };

    private static GanTrainer Trainer(GanOptions? options = null, GanConfig? config = null, WeightFile? start = null) =>
        new(config ?? Tiny, Flowers, Words, options ?? Quick, start);

    [Fact]
    public void A_resumed_training_is_the_same_to_the_bit()
    {
        using var folder = new TemporaryFolder();
        using var whole = Trainer(Quick with { Steps = 6 });
        Go(whole);
        using var stop = new CancellationTokenSource();
        using (var first = Trainer(Quick with { Steps = 6 }))
        {
            // The first step is always reported.
            first.Run(new Watch(_ => stop.Cancel()), stateFile: folder["state.safetensors"], cancellation: stop.Token);
            Assert.Equal(1, first.StepsDone);
        }
        using var second = Trainer(Quick with { Steps = 6 });
        second.Resume(folder["state.safetensors"]);
        Go(second);
        Assert.Equal(6, second.StepsDone);
        Same(whole.Generator, second.Generator);
        Same(whole.Discriminator, second.Discriminator);
        foreach (var (name, value) in whole.Average.Averages) Assert.True(value.equal(second.Average.Averages[name]).all().item<bool>(), name);
    }

    [Fact]
    public void In_a_lesson_that_is_kept_each_training_goes_on_and_other_code_begins_anew()
    {
        using var folder = new TemporaryFolder();
        using var whole = Trainer(Quick with { Steps = 6 });
        var losses = Go(whole).Losses;
        using var stop = new CancellationTokenSource();
        using (Runner.Enter(new KeepingRunner(folder["003-a"], TestContext.Current.CancellationToken)))
        {
            using var first = Trainer();
            Go(first);
            using var second = Trainer(Quick with { Steps = 6 });
            second.Run(new Watch(_ => stop.Cancel()), cancellation: stop.Token);
            Assert.Equal((4, 1), (first.StepsDone, second.StepsDone));
        }
        using (Runner.Enter(new KeepingRunner(folder["003-a"], TestContext.Current.CancellationToken)))
        {
            using var first = Trainer();
            var reported = new List<TrainingProgress>();
            Assert.Equal(4, Go(first, new Watch(reported.Add), new CaptionGrid([Flowers.Captions(0)[0]], Words)).Losses.Steps.Count);
            Assert.Equal([1, 2, 3, 4], reported.Select(report => report.Step)); // those of before; it has no step left
            Assert.NotNull(reported[^1].Sample);
            using var second = Trainer(Quick with { Steps = 6 });
            Assert.Equal(losses.Steps, Go(second).Losses.Steps);
            Same(whole.Generator, second.Generator);
            Same(whole.Discriminator, second.Discriminator);
            Assert.Equal(6, Go(second).Losses.Steps.Count + second.StepsDone); // who has trained has nothing left to do, and keeps nothing
        }
        Assert.Equal(2, Directory.EnumerateFiles(folder.Path).Count());
        using (Runner.Enter(new KeepingRunner(folder["003-b"], TestContext.Current.CancellationToken)))
        {
            using var other = Trainer(Quick with { Seed = 8 });
            Assert.Equal(4, Go(other).Losses.Steps.Count);
            Assert.True(File.Exists(folder["003-b-1.safetensors"]));
        }
    }

    [Fact]
    public void A_resumed_training_takes_its_own_rates_and_not_those_of_the_state()
    {
        using var folder = new TemporaryFolder();
        using (var first = Trainer(Quick with { Steps = 2 })) Go(first, stateFile: folder["state.safetensors"]);
        using var second = Trainer(Quick with { Steps = 4, DiscriminatorRate = 1e-8, GeneratorRate = 1e-8 });
        second.Resume(folder["state.safetensors"]);
        using var scope = NewDisposeScope();
        var before = Weights().Select(weight => weight.clone()).ToList();
        Go(second);
        Assert.All(Weights().Zip(before), pair => Assert.True((pair.First - pair.Second).abs().max().ToDouble() < 1e-6));

        IEnumerable<Tensor> Weights() => second.Discriminator.parameters().Concat(second.Generator.parameters()).Select(weight => weight.detach());
    }

    [Fact]
    public void Another_seed_is_another_training()
    {
        using var scope = NewDisposeScope();
        using var one = Trainer();
        using var two = Trainer(Quick with { Seed = 8 });
        Go(one);
        Go(two);
        Assert.False(one.Generator.state_dict()["last.weight"].equal(two.Generator.state_dict()["last.weight"]).all().item<bool>());
    }

    public static TheoryData<string> Recipes => [.. Kinds.Keys];

    private static readonly Dictionary<string, (GanOptions Options, GanConfig Config)> Kinds = new()
    {
        ["published"] = (new GanOptions { BatchSize = 6, Steps = 2 }, Tiny with { Matching = TextMatching.Sum }),
        ["hinge, spectral, R1"] = (Quick with { Steps = 2, Loss = AdversarialLoss.Hinge, GradientPenaltyWeight = 1, GradientPenaltyEvery = 1 }, Tiny with { Norm = DiscriminatorNorm.Spectral }),
        ["between texts"] = (Quick with { Steps = 2, InterpolationWeight = 0.5 }, Tiny with { Upsampling = Upsampling.Resized }),
        ["nothing but the game"] = (Quick with { Steps = 2, WrongTextWeight = 0, PairingWeight = 0, FeatureMatchingWeight = 0, L1Weight = 0, DiversityWeight = 0 }, Tiny with { Matching = TextMatching.Joint }),
    };

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_part_can_be_switched_on_and_off(string recipe)
    {
        var (options, config) = Kinds[recipe];
        using var trainer = Trainer(options, config);
        var before = trainer.Generator.state_dict().ToDictionary(p => p.Key, p => p.Value.clone());
        var losses = Go(trainer).Losses;
        Assert.Equal(2, losses.Steps.Count);
        Assert.All(losses.Steps.SelectMany(step => step), value => Assert.True(double.IsFinite(value)));
        Assert.Contains(trainer.Generator.state_dict(), p => !p.Value.equal(before[p.Key]).all().item<bool>());
        // A part that is off costs nothing and reports nothing.
        foreach (var (name, weight) in new[] { ("wrong text", options.WrongTextWeight), ("pairing", options.PairingWeight), ("features", options.FeatureMatchingWeight), ("pixels", options.L1Weight), ("alike", options.DiversityWeight) })
            Assert.Equal(weight > 0, losses[name].All(value => value != 0));
    }

    [Fact]
    public void Every_step_gives_back_what_it_took()
    {
        // Networks, averages and moments stay; what a training of 12 steps leaves must be no more than one of 2 leaves.
        Assert.Equal(Left(2), Left(12));

        static long Left(int steps)
        {
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using var trainer = Trainer(Quick with { Steps = steps, GradientPenaltyWeight = 1, GradientPenaltyEvery = 2, InterpolationWeight = 0.5 });
            Go(trainer, new Watch(_ => { }), new CaptionGrid(["a red flower"], Words));
            return DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
        }
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_and_the_state_stays()
    {
        using var folder = new TemporaryFolder();
        var path = folder["state.safetensors"];
        using (var first = Trainer()) Go(first, stateFile: path);
        var kept = File.ReadAllBytes(path);
        using var second = Trainer(Quick with { Steps = 8 });
        second.Resume(path);
        using (no_grad()) second.Generator.state_dict()["last.weight"].fill_(double.NaN);
        var message = Assert.Throws<CourseException>(() => Go(second, stateFile: path)).Message;
        Assert.Contains("step 5", message);
        Assert.Contains("not a number", message);
        Assert.Equal(kept, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_state_of_another_width_is_refused_with_layers_and_shapes()
    {
        using var folder = new TemporaryFolder();
        using (var narrow = Trainer()) Go(narrow, stateFile: folder["state.safetensors"]);
        using var wide = Trainer(config: Tiny with { GeneratorWidth = 6 });
        var message = Assert.Throws<CourseException>(() => wide.Resume(folder["state.safetensors"])).Message;
        Assert.Matches(@"block1\.conv\.weight \(file \[13, 32, 4, 4\], model \[13, 48, 4, 4\]\)", message);
    }

    [Fact]
    public void Where_the_state_cannot_be_written_the_old_one_survives()
    {
        using var folder = new TemporaryFolder();
        var path = folder["state.safetensors"];
        using var trainer = Trainer();
        Go(trainer, stateFile: path);
        var kept = File.ReadAllBytes(path);
        // The new file grows beside the old one; here its place is taken, as on a full disk it would be cut off.
        Directory.CreateDirectory($"{path}.{Environment.ProcessId}.part");
        using var next = Trainer(Quick with { Steps = 5 });
        next.Resume(path);
        Assert.Contains(path, Assert.Throws<CourseException>(() => Go(next, stateFile: path)).Message);
        Assert.Equal(kept, File.ReadAllBytes(path));
    }

    [Fact]
    public void What_does_not_fit_together_is_said_before_training()
    {
        Assert.Contains("fewer than one batch of 64", Assert.Throws<CourseException>(() => Trainer(new GanOptions())).Message);
        Assert.Contains($"set TextWidth to {Words.Width}", Assert.Throws<CourseException>(() => Trainer(config: Tiny with { TextWidth = 3 })).Message);
        Assert.Contains("WrongTexts", Assert.Throws<CourseException>(() => Trainer(Quick with { WrongTexts = 0 })).Message);
        Assert.Contains("PairingWeight", Assert.Throws<CourseException>(() => Trainer(config: Tiny with { Matching = TextMatching.Sum })).Message);
        Assert.Contains("RealLabel", Assert.Throws<CourseException>(() => Trainer(Quick with { RealLabel = 2 })).Message);
        Assert.Contains("draws 64", Assert.Throws<CourseException>(() => new GanTrainer(Tiny, new Petals(Split.Train, 24, side: 32), Words, Quick)).Message);
    }

    private static LoopResult Go(GanTrainer trainer, IProgress<TrainingProgress>? progress = null, CaptionGrid? grid = null, string? stateFile = null) =>
        trainer.Run(progress, grid, stateFile, TestContext.Current.CancellationToken);

    private static void Same(nn.Module one, nn.Module other)
    {
        var values = other.state_dict();
        foreach (var (name, value) in one.state_dict()) Assert.True(value.equal(values[name]).all().item<bool>(), name);
    }

    private sealed class Watch(Action<TrainingProgress> watch) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => watch(value);
    }
}
