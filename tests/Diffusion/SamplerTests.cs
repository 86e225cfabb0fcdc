using ImageGen.Diffusion;
using ImageGen.Runtime;
using TorchSharp;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class SamplerTests
{
    private static readonly NoiseSchedule Sd = NoiseSchedule.StableDiffusion;

    public static TheoryData<string> Ways => [.. Samplers.GetProperty("ways").EnumerateObject().Select(way => way.Name)];

    [Theory]
    [MemberData(nameof(Ways))]
    public void EveryStepIsTheOtherImplementations(string name)
    {
        using var scope = NewDisposeScope();
        var sampler = SamplerFor(name);
        var expected = Samplers.GetProperty("ways").GetProperty(name);
        var (timesteps, way) = (expected.GetProperty("moments").Numbers(), expected.GetProperty("way").EnumerateArray().ToList());
        var start = tensor(Samplers.GetProperty("start").Numbers()) * expected.GetProperty("scale").GetDouble();
        var evaluation = 0;
        // The fixture's way leaves out the noise that is added: so it is none here.
        var end = sampler.Sample(start, Checked, noise: like => zeros_like(like), cancellation: TestContext.Current.CancellationToken);
        Near(end, tensor(way[^1].GetProperty("x").Numbers()), "the end");
        Assert.Equal(timesteps.Length, evaluation);

        Tensor Checked(Tensor x, double timestep)
        {
            Assert.Equal(timesteps[evaluation], timestep, 1e-6);
            var right = evaluation == 0 ? start : tensor(way[evaluation - 1].GetProperty("x").Numbers());
            Near(x, right / (sampler is SigmaSampler ? Math.Sqrt(Math.Pow(SigmaAt(sampler, evaluation), 2) + 1) : 1), $"evaluation {evaluation}");
            evaluation++;
            return Model(x, timestep);
        }

        static void Near(Tensor x, Tensor right, string where) =>
            Assert.True(x.allclose(right, rtol: 1e-6, atol: 1e-8), $"{where}: {string.Join(" ", x.data<double>().ToArray())}; {string.Join(" ", right.data<double>().ToArray())} is right");
    }

    [Fact]
    public void NoiseIsTheCallersWhereOneGivesSome()
    {
        using var scope = NewDisposeScope();
        var expected = Samplers.GetProperty("ways").GetProperty("ancestral");
        var sampler = SamplerFor("ancestral");
        var start = tensor(Samplers.GetProperty("start").Numbers()) * expected.GetProperty("scale").GetDouble();
        var deviation = expected.GetProperty("way")[0].GetProperty("deviation").GetDouble();
        var (without, given) = (Second(like => zeros_like(like)), Second(like => full_like(like, 0.5)));
        Assert.True((given - without).allclose(full_like(given, 0.5 * deviation)));
        manual_seed(4);
        var (own, drawn) = (Second(null), 0);
        using var generator = new NoiseGenerator(4, CPU);
        Assert.True(Second(like => { drawn++; return generator.RandnLike(like); }).allclose(own));
        Assert.Equal(9, drawn); // not in the last of 10 steps

        // What the second step begins with.
        Tensor Second(Func<Tensor, Tensor>? noise)
        {
            Tensor? second = null;
            sampler.Sample(start, Model, noise: noise, adjust: (x, next) => { if (next == 1) second = x.clone().MoveToOtherDisposeScope(scope); return x; },
                cancellation: TestContext.Current.CancellationToken);
            return second!;
        }
    }

    [Fact]
    public void PublishedTimestepsHold()
    {
        Assert.Equal([981, 961, 941], Sampler.Of(SamplerKind.Ddim, Sd, new() { Steps = 50, StepsOffset = 1 }).Timesteps.Take(3));
        Assert.Equal(1, Sampler.Of(SamplerKind.Ddim, Sd, new() { Steps = 50, StepsOffset = 1 }).Timesteps[^1]);
        Assert.Equal([999, 949], Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20 }).Timesteps.Take(2));
        Assert.Equal(50, Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20 }).Timesteps[^1]);
        var leading = Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20, Spacing = TimestepSpacing.Leading, StepsOffset = 1 }).Timesteps;
        Assert.Equal((941, 48), ((int)leading[0], (int)leading[^1]));
        Assert.Equal(901, Sampler.Of(SamplerKind.Ddim, Sd, new() { Steps = 10, StepsOffset = 1 }).Timesteps[0]);
        Assert.Equal(900, Sampler.Of(SamplerKind.Ddpm, Sd, new() { Steps = 10 }).Timesteps[0]);
        Assert.Equal(999, Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 10 }).Timesteps[0]);
        Assert.Equal(14.6146, Sampler.Of(SamplerKind.Euler, Sd, new() { Steps = 10 }).InitNoiseSigma, 1e-4);
    }

    [Theory]
    [InlineData(SamplerKind.Ddpm)]
    [InlineData(SamplerKind.Ddim)]
    [InlineData(SamplerKind.Euler)]
    [InlineData(SamplerKind.EulerAncestral)]
    [InlineData(SamplerKind.Heun)]
    [InlineData(SamplerKind.DpmSolver)]
    public void AModelThatKnowsTheTruthLeadsToIt(SamplerKind kind)
    {
        using var scope = NewDisposeScope();
        var truth = rand(1, 4, 2, 2, ScalarType.Float64);
        foreach (var spacing in Enum.GetValues<TimestepSpacing>())
            foreach (var karras in new[] { false, true })
            {
                var sampler = Sampler.Of(kind, Sd, new() { Steps = 7, Prediction = PredictionType.Sample, Spacing = spacing, KarrasSigmas = karras });
                var start = randn(1, 4, 2, 2, ScalarType.Float64) * sampler.InitNoiseSigma;
                Assert.True(sampler.Sample(start, (_, _) => truth.alias(), cancellation: TestContext.Current.CancellationToken).allclose(truth, atol: 1e-6), $"{kind} {spacing} {karras}");
            }
    }

    [Fact]
    public void HeunStepsStraightOutOfPureNoise()
    {
        using var scope = NewDisposeScope();
        var options = new SamplerOptions { Steps = 5, Prediction = PredictionType.Velocity };
        var cosine = NoiseSchedule.Of(BetaSchedule.Cosine);
        var start = randn(1, 4, 2, 2, ScalarType.Float64);
        var (heun, euler) = (Evaluations(SamplerKind.Heun, cosine), Evaluations(SamplerKind.Euler, cosine));
        // One evaluation in pure noise and one at the end, two at each of the three steps between.
        Assert.Equal([999, 749.25, 499.5, 499.5, 249.75, 249.75, 0, 0], heun.Select(each => each.Timestep));
        Assert.True(heun[1].X.allclose(euler[1].X));
        Assert.False(heun[3].X.allclose(euler[2].X));
        // Stable Diffusion's schedule ends at σ = 14.6: every step but the last is corrected.
        Assert.Equal(9, Evaluations(SamplerKind.Heun, Sd).Count);

        List<(double Timestep, Tensor X)> Evaluations(SamplerKind kind, NoiseSchedule schedule)
        {
            var seen = new List<(double, Tensor)>();
            var sampler = Sampler.Of(kind, schedule, options);
            sampler.Sample(start * sampler.InitNoiseSigma, Recorded, cancellation: TestContext.Current.CancellationToken);
            return seen;

            Tensor Recorded(Tensor x, double timestep)
            {
                seen.Add((timestep, x.clone().MoveToOtherDisposeScope(scope)));
                return (2 * x).sin();
            }
        }
    }

    [Fact]
    public void NoisedLatentsAreWhatTheModelKnows()
    {
        using var scope = NewDisposeScope();
        var (original, noise) = (rand(1, 4, 2, 2, ScalarType.Float64), randn(1, 4, 2, 2, ScalarType.Float64));
        foreach (var kind in Enum.GetValues<SamplerKind>())
        {
            var sampler = Sampler.Of(kind, Sd, new() { Steps = 10, Spacing = TimestepSpacing.Trailing });
            var seen = new List<Tensor>();
            sampler.Sample(sampler.AddNoise(original, noise, 4), Recorded, firstStep: 4, cancellation: TestContext.Current.CancellationToken);
            Assert.True(seen[0].allclose(Sd.AddNoise(original, noise, (int)sampler.Timesteps[4]), atol: 1e-9), kind.ToString());

            Tensor Recorded(Tensor x, double timestep)
            {
                seen.Add(x.clone().MoveToOtherDisposeScope(scope));
                return x.alias();
            }
        }
    }

    [Fact]
    public void TheLoopLeavesNothingBehindAndStopsWhenAsked()
    {
        using var scope = NewDisposeScope();
        var sampler = Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 5 });
        var start = randn(1, 4, 2, 2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        sampler.Sample(start, (x, _) => x * 0.1, cancellation: TestContext.Current.CancellationToken).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        using var stop = new CancellationTokenSource();
        var steps = 0;
        sampler.Sample(start, (x, _) => x * 0.1, callback: at => { steps = at.Step; if (at.Step == 2) stop.Cancel(); }, cancellation: stop.Token);
        Assert.Equal(2, steps);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(10_001)]
    public void StepsThatCannotBeAreRefused(int steps)
    {
        foreach (var kind in Enum.GetValues<SamplerKind>())
            Assert.Contains($"Steps is {steps}", Assert.Throws<CourseException>(() => Sampler.Of(kind, Sd, new() { Steps = steps })).Message);
    }

    [Fact]
    public void AnUnknownSamplerIsRefusedWithTheKnownOnes()
    {
        Assert.Contains("DpmSolver", Assert.Throws<CourseException>(() => Sampler.Of((SamplerKind)99, Sd, new())).Message);
    }

    [Fact]
    public void GuidanceIsTheFormulaAndRefusesNonsense()
    {
        using var scope = NewDisposeScope();
        var (u, c) = (tensor(new float[] { 1, 2, 3, 4 }).view(1, 1, 2, 2), tensor(new float[] { 2, 2, 5, 3 }).view(1, 1, 2, 2));
        Assert.Equal([4f, 2, 9, 1], new Guidance(3).Combine(u, c).data<float>().ToArray());
        // The deviations: c 1.4142, guided 3.5590 (both with n − 1).
        var rescaled = new Guidance(3, 0.5).Combine(u, c).data<float>().ToArray();
        Assert.Equal(4 * (0.5 * 1.414214 / 3.559026 + 0.5), rescaled[0], 1e-4);
        Assert.False(new Guidance(1).NeedsBoth);
        var limited = new Guidance(3, Start: 0.2, Stop: 0.8);
        Assert.Equal([false, true, true, true, false], new[] { 0.19, 0.2, 0.5, 0.8, 0.81 }.Select(limited.NeedsBothAt));
        Assert.False(new Guidance(3, Start: 1, Stop: 1).NeedsBoth);
        Assert.Contains("NaN", Assert.Throws<CourseException>(() => new Guidance(double.NaN).Checked()).Message);
        Assert.Contains("-1", Assert.Throws<CourseException>(() => new Guidance(-1).Checked()).Message);
        Assert.Contains("start at 0.5 and stop at 0.4", Assert.Throws<CourseException>(() => new Guidance(3, Start: 0.5, Stop: 0.4).Checked()).Message);
        Assert.Contains("stop at NaN", Assert.Throws<CourseException>(() => new Guidance(3, Stop: double.NaN).Checked()).Message);
        Assert.Contains("rescale is 2", Assert.Throws<CourseException>(() => new Guidance(3, 2).Checked()).Message);
    }

    private static Tensor Model(Tensor x, double timestep) => 0.5 * x.sin() + 0.2 * x + 0.3 * timestep / 1000 * (3 * x).cos();

    // σ of an evaluation: Heun evaluates twice at each level but the first.
    private static double SigmaAt(Sampler sampler, int evaluation) =>
        ((SigmaSampler)sampler).Sigmas[sampler is HeunSampler ? (evaluation + 1) / 2 : evaluation];

    private static Sampler SamplerFor(string name)
    {
        var sdStyle = new SamplerOptions { Steps = 10, StepsOffset = 1, SetAlphaToOne = false };
        var trailing = new SamplerOptions { Steps = 10, Prediction = PredictionType.Velocity, Spacing = TimestepSpacing.Trailing };
        var zero = Sd.WithZeroTerminalSnr();
        return name switch
        {
            "ddim" => Sampler.Of(SamplerKind.Ddim, Sd, sdStyle),
            "ddim-v" => Sampler.Of(SamplerKind.Ddim, zero, trailing),
            "ddim-eta" => Sampler.Of(SamplerKind.Ddim, Sd, sdStyle with { Eta = 0.5 }),
            "ddpm" => Sampler.Of(SamplerKind.Ddpm, NoiseSchedule.Of(BetaSchedule.Linear), new() { Steps = 10 }),
            "ddpm-v" => Sampler.Of(SamplerKind.Ddpm, NoiseSchedule.Of(BetaSchedule.Cosine), trailing),
            "euler" => Sampler.Of(SamplerKind.Euler, Sd, new() { Steps = 10 }),
            "euler-leading" => Sampler.Of(SamplerKind.Euler, Sd, new() { Steps = 10, Spacing = TimestepSpacing.Leading, StepsOffset = 1 }),
            "euler-karras-v" => Sampler.Of(SamplerKind.Euler, Sd, new() { Steps = 10, KarrasSigmas = true, Prediction = PredictionType.Velocity }),
            "ancestral" => Sampler.Of(SamplerKind.EulerAncestral, Sd, new() { Steps = 10 }),
            "heun" => Sampler.Of(SamplerKind.Heun, Sd, new() { Steps = 6 }),
            "heun-karras" => Sampler.Of(SamplerKind.Heun, Sd, new() { Steps = 6, KarrasSigmas = true }),
            "dpm" => Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20 }),
            "dpm-leading" => Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20, Spacing = TimestepSpacing.Leading, StepsOffset = 1 }),
            "dpm-trailing-v" => Sampler.Of(SamplerKind.DpmSolver, zero, trailing),
            "plms" => Sampler.Of(SamplerKind.Plms, Sd, sdStyle),
            "plms-v" => Sampler.Of(SamplerKind.Plms, NoiseSchedule.Of(BetaSchedule.Cosine), new() { Steps = 10, Prediction = PredictionType.Velocity }),
            "plms-short" => Sampler.Of(SamplerKind.Plms, Sd, sdStyle with { Steps = 2 }),
            "dpm-karras" => Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 10, KarrasSigmas = true }),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };
    }
}
