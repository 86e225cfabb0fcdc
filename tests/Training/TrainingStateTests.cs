using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Averages, rates and checkpoints of a training, against values worked by hand and against an uninterrupted run.</summary>
public class TrainingStateTests
{
    [Fact]
    public void AveragesFollowTheFormula()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Linear(1, 1, hasBias: false);
        Set(model, 1);
        using var ema = new Ema(model, 0.5);
        Set(model, 2);
        ema.Update(); // d = min(.5, 2/11): 1·2/11 + 2·9/11 = 20/11
        Assert.Equal(20.0 / 11, ema.Averages["weight"].ToDouble(), 1e-6);
        for (var i = 0; i < 20; i++) ema.Update();
        Set(model, 0);
        var before = ema.Averages["weight"].ToDouble();
        ema.Update(); // by now d = .5
        Assert.Equal(before / 2, ema.Averages["weight"].ToDouble(), 1e-6);
        using (ema.InPlace()) Assert.Equal(before / 2, model.weight.ToDouble(), 1e-6);
        Assert.Equal(0, model.weight.ToDouble());
    }

    [Theory]
    [InlineData(1, 0.1)]    // 1 of 10 warm-up steps
    [InlineData(10, 1)]
    [InlineData(60, 0.55)]  // half way down from 1 to .1
    [InlineData(110, 0.1)]
    public void TheCosineRises_and_falls(int step, double expected) =>
        Assert.Equal(expected, LearningRates.Cosine(step, 110, warmUp: 10, lowest: 0.1), 1e-12);

    [Fact]
    public void AResumedTrainingIsTheSameToTheBit()
    {
        using var folder = new TemporaryFolder();
        var state = Path.Combine(folder.Path, "runs", "state.safetensors");
        var whole = Train(0, 9, null, null);
        Train(0, 4, null, state);
        var resumed = Train(4, 9, state, null);
        Assert.Equal(whole, resumed);
        Assert.NotEqual(whole, Train(4, 9, null, null)); // it is the state that makes them equal
    }

    [Fact]
    public void StepsHaveSeedsOfTheirOwn()
    {
        var seeds = Enumerable.Range(0, 1000).SelectMany(step => new[] { Seeds.At(1, step), Seeds.At(2, step) }).ToList();
        Assert.Equal(2000, seeds.Distinct().Count());
        Assert.All(seeds, seed => Assert.True(seed >= 0));
        Assert.Equal(Seeds.At(7, 3), Seeds.At(7, 3));
    }

    [Fact]
    public void ALossThatIsNoNumberStopsAndKeepsWhatWasSaved()
    {
        using var folder = new TemporaryFolder();
        var saved = new List<int>();
        var state = Recorded(saved);
        var loop = new TrainingLoop(10, ["loss", "other"], state, new StateSaving(folder["state"], every: 2));
        var error = Assert.Throws<CourseException>(
            () => loop.Run(step => tensor(new[] { 1.0, step == 5 ? double.NaN : 0 })));
        Assert.Equal([2, 4], saved);
        Assert.Equal(4, state.Step);
        Assert.Contains("step 5", error.Message);
        Assert.Contains("'other' is not a number", error.Message);
    }

    [Fact]
    public void ALoopGoesOnWhereItStopped()
    {
        using var folder = new TemporaryFolder();
        var (steps, saved) = (new List<int>(), new List<int>());
        var state = Recorded(saved);
        state.Step = 4;
        var result = new TrainingLoop(7, ["loss"], state, new StateSaving(folder["state"], every: 2)).Run(
            step => { steps.Add(step); return tensor(new double[] { step }); });
        Assert.Equal([5, 6, 7], steps);
        Assert.Equal([6, 7], saved);
        Assert.Equal([5.0, 6, 7], result.Losses["loss"]);
        Assert.False(result.Cancelled);
    }

    // Notes the steps at which it is saved.
    private static TrainingState Recorded(List<int> saved)
    {
        var state = new TrainingState();
        return state.Add("part", () => { saved.Add(state.Step); return zeros(1); }, _ => { });
    }

    [Fact]
    public void ACheckpointOfAnotherWidthNamesTheLayer()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var path = Path.Combine(folder.Path, "state.safetensors");
        new TrainingState().Add("model", nn.Linear(3, 4)).Save(path);
        var error = Assert.Throws<CourseException>(() => new TrainingState().Add("model", nn.Linear(3, 5)).Load(path));
        Assert.Contains("weight (file [4, 3], model [5, 3])", error.Message);
    }

    [Fact]
    public void WeightsAloneAreNoCheckpointOfATraining()
    {
        using var folder = new TemporaryFolder();
        using var model = nn.Linear(1, 1);
        var path = Path.Combine(folder.Path, "weights.safetensors");
        SafeTensors.Save(path, model);
        Assert.Contains("does not say at which step", Assert.Throws<CourseException>(() => new TrainingState().Add("model", model).Load(path)).Message);
    }

    [Fact]
    public void ProvenanceComesBack()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a.json");
        var made = new Provenance
        {
            Name = "a", About = "A.", Command = "./course train a", Commit = "c", Seed = 1, Steps = 2, Seconds = 3, Hardware = "h",
            Data = "d", Metrics = new Dictionary<string, double> { ["right"] = 0.5 }, Bytes = 4, Sha256 = "s",
        };
        made.Write(path);
        var read = Provenance.Read(path);
        Assert.Equal(0.5, read.Metrics["right"]);
        Assert.Equal(made with { Metrics = read.Metrics }, read);
        File.WriteAllText(path, "{");
        Assert.Contains(path, Assert.Throws<CourseException>(() => Provenance.Read(path)).Message);
    }

    private static void Set(Linear layer, double value)
    {
        using var noGrad = no_grad();
        layer.weight.fill_(value);
    }

    // Adam, dropout and averages: everything that a training remembers or draws.
    private static float[] Train(int done, int until, string? from, string? to)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1));
        using var optimizer = optim.Adam(model.parameters(), 0.05);
        using var ema = new Ema(model, 0.9);
        var state = new TrainingState().Add("model", model).Add("adam", optimizer).Add("ema", ema);
        if (from is null) state.Step = done;
        else state.Load(from);
        Assert.Equal(done, state.Step);
        new TrainingLoop(until, ["loss"], state, new StepSeeds(5), ema, new StateSaving(to, every: 100)).Run(_ =>
        {
            var x = randn(6, 4);
            var loss = (model.call(x) - x.sum(1, keepdim: true)).square().mean();
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            return loss.detach().view(1);
        });
        return [.. model.state_dict().Values.Concat(ema.Averages.Values).SelectMany(value => value.to(ScalarType.Float32).data<float>())];
    }
}
