using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Every sampler at every number of steps that its schedule has: it goes down to the clean picture, or says which option keeps it from that.</summary>
public class SamplerLimitTests
{
    private static readonly Dictionary<string, NoiseSchedule> Schedules = new()
    {
        ["scaled linear"] = NoiseSchedule.StableDiffusion,
        ["linear"] = NoiseSchedule.Of(BetaSchedule.Linear),
        ["cosine"] = NoiseSchedule.Of(BetaSchedule.Cosine),
        ["sigmoid"] = NoiseSchedule.Of(BetaSchedule.Sigmoid),
        ["zero"] = NoiseSchedule.StableDiffusion.WithZeroTerminalSnr(),
        ["longer"] = NoiseSchedule.Of(BetaSchedule.Linear, timesteps: 2000, betaStart: 1e-4, betaEnd: 0.04), // ᾱ = 4e-18 in the end
        ["short"] = NoiseSchedule.Of(BetaSchedule.Linear, timesteps: 20, betaStart: 0.01, betaEnd: 0.5),
        ["shortest"] = NoiseSchedule.Of(BetaSchedule.Linear, timesteps: 2, betaStart: 0.1, betaEnd: 0.9),
    };

    public static TheoryData<SamplerKind> Kinds => [.. Enum.GetValues<SamplerKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TimestepsFallAtEveryNumberOfSteps(SamplerKind kind)
    {
        foreach (var (name, schedule) in Schedules)
            foreach (var options in Ways(schedule.TrainTimesteps, name == "scaled linear" ? 1 : 37))
                if (TimestepsOf(kind, schedule, options) is { } timesteps)
                {
                    var what = $"{kind} {name} {options}";
                    Assert.True(timesteps.Length == options.Steps, what);
                    Assert.True(timesteps.All(t => t >= 0 && t <= schedule.TrainTimesteps - 1), what);
                    // Karras' levels lie denser than the timesteps that a model knows: some share one.
                    for (var i = 1; i < timesteps.Length; i++)
                        Assert.True(options.KarrasSigmas ? timesteps[i] <= timesteps[i - 1] : timesteps[i] < timesteps[i - 1], $"{what}: {timesteps[i - 1]} to {timesteps[i]}");
                }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryWayEndsAtWhatTheModelPredicts(SamplerKind kind)
    {
        using var scope = NewDisposeScope();
        var truth = rand(1, 4, 2, 2, ScalarType.Float64);
        foreach (var (name, schedule) in Schedules)
            foreach (var options in Ways(schedule.TrainTimesteps, 1))
            {
                // All of a short schedule's ways, and the limits of long ones'.
                if (schedule.TrainTimesteps > 20 && (options.StepsOffset > 1 || options.Steps > 3 && (name != "scaled linear" || options.KarrasSigmas || options.Steps < 999))) continue;
                if (TimestepsOf(kind, schedule, options) is null) continue;
                using var one = NewDisposeScope();
                var sampler = Sampler.Of(kind, schedule, options with { Prediction = PredictionType.Sample });
                var start = randn(1, 4, 2, 2, ScalarType.Float64) * sampler.InitNoiseSigma;
                var end = sampler.Sample(start, (_, _) => truth.alias(), cancellation: TestContext.Current.CancellationToken);
                Assert.True(end.allclose(truth, atol: 1e-6), $"{kind} {name} {options}");
            }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AWrongModelLeadsToNumbersStill(SamplerKind kind)
    {
        using var scope = NewDisposeScope();
        foreach (var steps in new[] { 1, 2, 999, 1000 })
            foreach (var spacing in Enum.GetValues<TimestepSpacing>())
                foreach (var name in new[] { "scaled linear", "cosine" })
                {
                    using var one = NewDisposeScope();
                    var sampler = Sampler.Of(kind, Schedules[name], new() { Steps = steps, Spacing = spacing, Prediction = PredictionType.Velocity });
                    var start = randn(1, 4, 2, 2) * sampler.InitNoiseSigma;
                    var end = sampler.Sample(start, (x, t) => (3 * x).sin() + t / 1000, cancellation: TestContext.Current.CancellationToken);
                    Assert.True(end.isfinite().all().item<bool>(), $"{kind} {name} {steps} {spacing}");
                }
    }

    // Where the last step ends at timestep 0's noise, it may have no length at all: Karras' levels and trailing ones end there already.
    [Theory]
    [MemberData(nameof(SolverWays))]
    public void EverySolverEndsWhereItIsToldTo(SamplerKind kind, SolverAlgorithm algorithm, int order)
    {
        using var scope = NewDisposeScope();
        var truth = rand(1, 4, 2, 2, ScalarType.Float64);
        foreach (var name in new[] { "short", "cosine" })
            foreach (var ways in Ways(Schedules[name].TrainTimesteps, 500).Where(ways => ways.StepsOffset == 0 && ways.Steps != 500))
                foreach (var (final, type) in new[] { (FinalSigma.SigmaMin, SolverType.Heun), (FinalSigma.SigmaMin, SolverType.Midpoint), (FinalSigma.Zero, SolverType.Heun) })
                {
                    if (ways.Steps > 20 && (type == SolverType.Midpoint || ways.Steps < 999)) continue;
                    using var one = NewDisposeScope();
                    var options = ways with { Algorithm = algorithm, SolverOrder = order, SolverType = type, FinalSigma = final, LowerOrderFinal = false, Prediction = PredictionType.Sample };
                    if (kind == SamplerKind.Euler && options.Steps == 1 && options.Spacing != TimestepSpacing.Trailing && final == FinalSigma.SigmaMin)
                    {
                        Assert.Contains("Steps is 1: it begins at timestep 0", Assert.Throws<CourseException>(() => Sampler.Of(kind, Schedules[name], options)).Message);
                        continue;
                    }
                    var sampler = Sampler.Of(kind, Schedules[name], options);
                    var start = randn(1, 4, 2, 2, ScalarType.Float64) * sampler.InitNoiseSigma;
                    var end = sampler.Sample(start, (_, _) => truth.alias(), cancellation: TestContext.Current.CancellationToken);
                    Assert.True(end.allclose(truth, atol: final == FinalSigma.Zero ? 1e-6 : 8 * Schedules[name].Sigma(0)), $"{kind} {name} {options}");
                }
    }

    public static TheoryData<SamplerKind, SolverAlgorithm, int> SolverWays => new()
    {
        { SamplerKind.Euler, SolverAlgorithm.DpmSolverPlusPlus, 1 },
        { SamplerKind.DpmSolver, SolverAlgorithm.DpmSolverPlusPlus, 1 }, { SamplerKind.DpmSolver, SolverAlgorithm.DpmSolverPlusPlus, 2 },
        { SamplerKind.DpmSolver, SolverAlgorithm.DpmSolverPlusPlus, 3 }, { SamplerKind.DpmSolver, SolverAlgorithm.DpmSolver, 1 },
        { SamplerKind.DpmSolver, SolverAlgorithm.DpmSolver, 2 }, { SamplerKind.DpmSolver, SolverAlgorithm.DpmSolver, 3 },
        { SamplerKind.DpmSolver, SolverAlgorithm.SdeDpmSolverPlusPlus, 1 }, { SamplerKind.DpmSolver, SolverAlgorithm.SdeDpmSolverPlusPlus, 2 },
    };

    [Fact]
    public void RungeKuttaStepsEndAtWhatTheModelPredicts()
    {
        using var scope = NewDisposeScope();
        var truth = rand(1, 4, 2, 2, ScalarType.Float64);
        foreach (var ways in Ways(20, 1).Where(ways => !ways.KarrasSigmas && ways.Steps > 3 && TimestepsOf(SamplerKind.Plms, Schedules["short"], ways) is not null))
        {
            using var one = NewDisposeScope();
            var sampler = Sampler.Of(SamplerKind.Plms, Schedules["short"], ways with { SkipPrkSteps = false, Prediction = PredictionType.Sample });
            var end = sampler.Sample(randn(1, 4, 2, 2, ScalarType.Float64), (_, _) => truth.alias(), cancellation: TestContext.Current.CancellationToken);
            Assert.True(end.allclose(truth, atol: 1e-6), $"{ways}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1001)]
    public void StepsOutsideTheScheduleAreNamedWithTheirRange(int steps)
    {
        foreach (var kind in Enum.GetValues<SamplerKind>())
        {
            var message = Assert.Throws<CourseException>(() => Sampler.Of(kind, NoiseSchedule.StableDiffusion, new() { Steps = steps })).Message;
            Assert.Contains($"Steps is {steps}", message);
            Assert.Contains("at least 1", message);
            Assert.Contains("at most the 1000", message);
        }
    }

    [Fact]
    public void AnOffsetThatDoesNotFitIsNamedWithItsRange()
    {
        Assert.Contains("StepsOffset is 1: 1000 leading steps of 1000 timesteps leave room for 0 only", Message(SamplerKind.Ddim, 1000, 1));
        Assert.Contains("StepsOffset is 1: 999 leading steps of 1000 timesteps leave room for 0 only", Message(SamplerKind.DpmSolver, 999, 1));
        Assert.Contains("StepsOffset is 103: 300 leading steps of 1000 timesteps leave room for 0 to 102", Message(SamplerKind.Euler, 300, 103));
        Assert.Contains("StepsOffset is -1", Message(SamplerKind.Plms, 10, -1));
        Assert.Contains("StepsOffset is 1000", Message(SamplerKind.Plms, 10, 1000));

        static string Message(SamplerKind kind, int steps, int offset) => Assert.Throws<CourseException>(() =>
            Sampler.Of(kind, NoiseSchedule.StableDiffusion, new() { Steps = steps, StepsOffset = offset, Spacing = TimestepSpacing.Leading })).Message;
    }

    [Fact]
    public void AScheduleThatIsNoneIsNamed()
    {
        Assert.Contains("β 0 at timestep 1", Assert.Throws<CourseException>(() => NoiseSchedule.OfBetas([0.1, 0])).Message);
        Assert.Contains("β 1 at timestep 0 of 2", Assert.Throws<CourseException>(() => NoiseSchedule.OfBetas([1, 0.5])).Message);
        Assert.Contains("β NaN at timestep 0", Assert.Throws<CourseException>(() => NoiseSchedule.OfBetas([double.NaN, 0.5])).Message);
        Assert.Equal(0, NoiseSchedule.OfBetas([0.5, 1]).AlphaBar[1]);
        Assert.Contains("leaves nothing of the picture at timestep", Assert.Throws<CourseException>(() => NoiseSchedule.Of(BetaSchedule.Linear, 1000, 0.1, 0.9)).Message);
    }

    // Null where the options are refused, which they may be for an offset alone.
    private static double[]? TimestepsOf(SamplerKind kind, NoiseSchedule schedule, SamplerOptions options)
    {
        try
        {
            return [.. Sampler.Of(kind, schedule, options with { Prediction = PredictionType.Velocity }).Timesteps];
        }
        catch (CourseException error)
        {
            Assert.StartsWith($"StepsOffset is {options.StepsOffset}: {options.Steps} leading steps", error.Message);
            Assert.True(options.StepsOffset > 0 && options.Spacing == TimestepSpacing.Leading);
            return null;
        }
    }

    private static IEnumerable<SamplerOptions> Ways(int total, int stride) =>
        from steps in Enumerable.Range(1, total)
        where steps < 8 || steps > total - 4 || steps % stride == 0
        from spacing in Enum.GetValues<TimestepSpacing>()
        from karras in new[] { false, true }
        from offset in new[] { 0, 1, 3, total / 2, total - 1 }.Where(offset => offset < total && (offset == 0 || spacing == TimestepSpacing.Leading)).Distinct()
        select new SamplerOptions { Steps = steps, Spacing = spacing, KarrasSigmas = karras, StepsOffset = offset };
}
