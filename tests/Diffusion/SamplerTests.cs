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
        Assert.Equal(expected.GetProperty("moments").Numbers(), sampler.Moments, (a, b) => Math.Abs(a - b) < 1e-6);
        var x = tensor(Samplers.GetProperty("start").Numbers()) * expected.GetProperty("scale").GetDouble();
        SamplerStep? before = null;
        var look = 0;
        foreach (var row in expected.GetProperty("way").EnumerateArray())
        {
            using var drawn = new NoiseSource(look, CPU);
            using var again = new Generator((ulong)look, CPU);
            var step = sampler.Step(look, Model(sampler.Input(x, look), sampler.Moments[look]), x, before, drawn);
            // The fixture's way leaves out what chance adds: here it is taken away again.
            var chance = row.GetProperty("deviation").GetDouble() * randn(x.shape, dtype: x.dtype, generator: again);
            x = step.Latents - chance;
            var right = tensor(row.GetProperty("x").Numbers());
            Assert.True(x.allclose(right, rtol: 1e-6, atol: 1e-8), $"look {look}: {string.Join(" ", x.data<double>().ToArray())}; {string.Join(" ", right.data<double>().ToArray())} is right");
            before = step;
            look++;
        }
        Assert.Equal(sampler.Moments.Count, look);
    }

    [Fact]
    public void PublishedMomentsHold()
    {
        Assert.Equal([981, 961, 941], Sampler.Of(SamplerKind.Ddim, Sd, new() { Steps = 50, Offset = 1 }).Moments.Take(3));
        Assert.Equal(1, Sampler.Of(SamplerKind.Ddim, Sd, new() { Steps = 50, Offset = 1 }).Moments[^1]);
        Assert.Equal([999, 949], Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20 }).Moments.Take(2));
        Assert.Equal(50, Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20 }).Moments[^1]);
        var leading = Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20, Spacing = MomentSpacing.Leading, Offset = 1 }).Moments;
        Assert.Equal((941, 48), ((int)leading[0], (int)leading[^1]));
        Assert.Equal(901, Sampler.Of(SamplerKind.Ddim, Sd, new() { Steps = 10, Offset = 1 }).Moments[0]);
        Assert.Equal(900, Sampler.Of(SamplerKind.Ddpm, Sd, new() { Steps = 10 }).Moments[0]);
        Assert.Equal(999, Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 10 }).Moments[0]);
        Assert.Equal(14.6146, Sampler.Of(SamplerKind.Euler, Sd, new() { Steps = 10 }).StartScale, 1e-4);
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
        foreach (var spacing in Enum.GetValues<MomentSpacing>())
            foreach (var karras in new[] { false, true })
            {
                var sampler = Sampler.Of(kind, Sd, new() { Steps = 7, Prediction = Prediction.Clean, Spacing = spacing, Karras = karras });
                var start = randn(1, 4, 2, 2, ScalarType.Float64) * sampler.StartScale;
                Assert.True(Sampling.Run(sampler, start, (_, _) => truth.alias(), cancellation: TestContext.Current.CancellationToken).allclose(truth, atol: 1e-6), $"{kind} {spacing} {karras}");
            }
    }

    [Fact]
    public void HeunStepsStraightOutOfPureNoise()
    {
        using var scope = NewDisposeScope();
        var options = new SamplerOptions { Steps = 5, Prediction = Prediction.Velocity };
        var cosine = NoiseSchedule.Of(NoiseCurve.Cosine);
        var (heun, euler) = (Sampler.Of(SamplerKind.Heun, cosine, options), Sampler.Of(SamplerKind.Euler, cosine, options));
        // One look out of pure noise and one at the end, two at each of the three steps between.
        Assert.Equal(8, heun.Moments.Count);
        Assert.Equal([999, 749.25, 749.25 - 249.75, 749.25 - 249.75], heun.Moments.Take(4));
        Assert.Equal((0, 1, 3), (heun.LookOf(0), heun.LookOf(1), heun.LookOf(2)));
        var start = randn(1, 4, 2, 2, ScalarType.Float64) * heun.StartScale;
        var output = rand(1, 4, 2, 2, ScalarType.Float64);
        Assert.True(heun.Step(0, output, start).Latents.allclose(euler.Step(0, output, start).Latents));
        // Stable Diffusion's schedule ends at σ = 14.6: every step but the last is corrected.
        Assert.Equal(9, Sampler.Of(SamplerKind.Heun, Sd, new() { Steps = 5 }).Moments.Count);
    }

    [Fact]
    public void DdimComesBackWhereItsInversionBegan()
    {
        using var scope = NewDisposeScope();
        var options = new SamplerOptions { Steps = 20 };
        var start = rand(1, 4, 2, 2, ScalarType.Float64);
        // A model that says the same of every latent makes the inversion exact.
        Func<Tensor, double, Tensor> predict = (x, t) => full_like(x, Math.Sin(t));
        var noise = Sampling.Run(new DdimInversion(Sd, options), start, predict, cancellation: TestContext.Current.CancellationToken);
        Assert.False(noise.allclose(start, atol: 0.1));
        Assert.True(Sampling.Run(Sampler.Of(SamplerKind.Ddim, Sd, options), noise, predict, cancellation: TestContext.Current.CancellationToken).allclose(start, atol: 1e-9));
    }

    [Fact]
    public void NoisedLatentsAreWhatTheModelKnows()
    {
        using var scope = NewDisposeScope();
        var (clean, noise) = (rand(1, 4, 2, 2, ScalarType.Float64), randn(1, 4, 2, 2, ScalarType.Float64));
        foreach (var kind in Enum.GetValues<SamplerKind>())
        {
            var sampler = Sampler.Of(kind, Sd, new() { Steps = 10, Spacing = MomentSpacing.Trailing });
            var look = sampler.LookOf(4);
            var seen = sampler.Input(sampler.Noised(clean, noise, look), look);
            Assert.True(seen.allclose(Sd.AddNoise(clean, noise, (int)sampler.Moments[look]), atol: 1e-9), kind.ToString());
        }
    }

    [Fact]
    public void TheLoopLeavesNothingBehindAndStopsWhenAsked()
    {
        using var scope = NewDisposeScope();
        var sampler = Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 5 });
        var start = randn(1, 4, 2, 2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Sampling.Run(sampler, start, (x, _) => x * 0.1, cancellation: TestContext.Current.CancellationToken).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        using var stop = new CancellationTokenSource();
        var looks = 0;
        Sampling.Run(sampler, start, (x, _) => x * 0.1, seen: at => { looks = at.Look; if (at.Look == 2) stop.Cancel(); }, cancellation: stop.Token);
        Assert.Equal(2, looks);
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
        Assert.Contains("eulerancestral", Assert.Throws<CourseException>(() => Sampler.Named("plms2")).Message);
        Assert.Contains("DpmSolver", Assert.Throws<CourseException>(() => Sampler.Of((SamplerKind)99, Sd, new())).Message);
        Assert.Equal(SamplerKind.DpmSolver, Sampler.Named("DPMSolverMultistepScheduler"));
        Assert.Equal(SamplerKind.EulerAncestral, Sampler.Named("euler_a"));
        Assert.Equal(SamplerKind.Plms, Sampler.Named("PNDMScheduler")); // Stable Diffusion 1.5's own
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

    private static Tensor Model(Tensor x, double moment) => 0.5 * x.sin() + 0.2 * x + 0.3 * moment / 1000 * (3 * x).cos();

    private static Sampler SamplerFor(string name)
    {
        var sdStyle = new SamplerOptions { Steps = 10, Offset = 1, EndsClean = false };
        var trailing = new SamplerOptions { Steps = 10, Prediction = Prediction.Velocity, Spacing = MomentSpacing.Trailing };
        var zero = Sd.WithZeroTerminalSnr();
        return name switch
        {
            "ddim" => Sampler.Of(SamplerKind.Ddim, Sd, sdStyle),
            "ddim-v" => Sampler.Of(SamplerKind.Ddim, zero, trailing),
            "ddim-eta" => Sampler.Of(SamplerKind.Ddim, Sd, sdStyle with { Eta = 0.5 }),
            "ddpm" => Sampler.Of(SamplerKind.Ddpm, NoiseSchedule.Of(NoiseCurve.Linear), new() { Steps = 10 }),
            "ddpm-v" => Sampler.Of(SamplerKind.Ddpm, NoiseSchedule.Of(NoiseCurve.Cosine), trailing),
            "euler" => Sampler.Of(SamplerKind.Euler, Sd, new() { Steps = 10 }),
            "euler-leading" => Sampler.Of(SamplerKind.Euler, Sd, new() { Steps = 10, Spacing = MomentSpacing.Leading, Offset = 1 }),
            "euler-karras-v" => Sampler.Of(SamplerKind.Euler, Sd, new() { Steps = 10, Karras = true, Prediction = Prediction.Velocity }),
            "ancestral" => Sampler.Of(SamplerKind.EulerAncestral, Sd, new() { Steps = 10 }),
            "heun" => Sampler.Of(SamplerKind.Heun, Sd, new() { Steps = 6 }),
            "heun-karras" => Sampler.Of(SamplerKind.Heun, Sd, new() { Steps = 6, Karras = true }),
            "dpm" => Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20 }),
            "dpm-leading" => Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 20, Spacing = MomentSpacing.Leading, Offset = 1 }),
            "dpm-trailing-v" => Sampler.Of(SamplerKind.DpmSolver, zero, trailing),
            "plms" => Sampler.Of(SamplerKind.Plms, Sd, sdStyle),
            "plms-v" => Sampler.Of(SamplerKind.Plms, NoiseSchedule.Of(NoiseCurve.Cosine), new() { Steps = 10, Prediction = Prediction.Velocity }),
            "plms-short" => Sampler.Of(SamplerKind.Plms, Sd, sdStyle with { Steps = 2 }),
            "dpm-karras" => Sampler.Of(SamplerKind.DpmSolver, Sd, new() { Steps = 10, Karras = true }),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };
    }
}
