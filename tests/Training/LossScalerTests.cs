using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>The factor of a loss in float16, against a sequence worked by hand from GradScaler's documented rules, and gradients against those of float32.</summary>
public class LossScalerTests
{
    [Fact]
    public void TheFactorHalvesAtAnOverflowAndDoublesAfterTwoThousandGoodSteps()
    {
        var scaler = new LossScaler();
        Assert.Equal(65536, scaler.Scale);
        Assert.False(scaler.Allows(double.PositiveInfinity));
        Assert.Equal(32768, scaler.Scale);
        Assert.False(scaler.Allows(double.NaN));
        Assert.Equal(16384, scaler.Scale);
        Good(1999);
        Assert.Equal(16384, scaler.Scale);
        Good(1);
        Assert.Equal(32768, scaler.Scale);
        Good(1500);
        Assert.False(scaler.Allows(double.PositiveInfinity));
        Assert.Equal(16384, scaler.Scale);
        Good(1999); // it counts anew after an overflow
        Assert.Equal(16384, scaler.Scale);
        Good(1);
        Assert.Equal(32768, scaler.Scale);

        void Good(int steps)
        {
            for (var i = 0; i < steps; i++) Assert.True(scaler.Allows(1));
        }
    }

    [Fact]
    public void AFactorThatFallsToNothingEndsInALineThatSaysWhatToDo()
    {
        var scaler = new LossScaler();
        for (var i = 0; i < 29; i++) Assert.False(scaler.Allows(double.NaN)); // 2¹⁶ to 2⁻¹³, which is above a ten-thousandth
        var message = Assert.Throws<CourseException>(() => scaler.Allows(double.NaN)).Message;
        Assert.Contains("overflow at every step", message);
        Assert.Contains("--type bfloat16", message);
        Assert.Contains("--type float32", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void TheFactorStaysANumberOfTheLosssOwnType()
    {
        var scaler = new LossScaler(Math.Pow(2, 126));
        for (var i = 0; i < 4000; i++) scaler.Allows(1);
        Assert.Equal(Math.Pow(2, 127), scaler.Scale); // 2¹²⁸ is none of float32
    }

    [Fact]
    public void GradientsThatFloat16LosesAreThoseOfFloat32WithTheFactor()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        // Frozen weights and inputs that float16 holds exactly, and a small map before them that learns in float32.
        var (weight, x) = (randn(8, 16, generator: generator).to(ScalarType.Float16), randn(32, 12, generator: generator).to(ScalarType.Float16));
        var (start, wanted) = (randn(16, 12, generator: generator) * 0.1, randn(32, 8, generator: generator));
        var right = Gradient(ScalarType.Float32, null);
        Assert.InRange(right.abs().max().item<float>(), 1e-9, 1e-6);
        Assert.Equal(0, Gradient(ScalarType.Float16, null).abs().max().item<float>()); // so there is something to mend
        var mended = Gradient(ScalarType.Float16, new LossScaler());
        // Float16 rounds by 2⁻¹¹ at most; a gradient here has gone through four such roundings.
        Assert.InRange((mended - right).abs().max().item<float>() / right.abs().max().item<float>(), 0, 4.0 / 2048);

        Tensor Gradient(ScalarType type, LossScaler? scaler)
        {
            var learns = new Parameter(start.clone());
            var y = nn.functional.linear(nn.functional.linear(x.to(ScalarType.Float32), learns).to(type), weight.to(type)).to(ScalarType.Float32);
            var loss = (y - wanted).square().mean() * 1e-7;
            (scaler?.Scaled(loss) ?? loss).backward();
            scaler?.Unscale([learns]);
            return learns.grad!;
        }
    }

    [Fact]
    public void DividingGivesTheSameBitsBackAndLeavesOutWhatHasNoGradient()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var start = randn(40, generator: generator);
        var (plain, scaled, idle) = (new Parameter(start.clone()), new Parameter(start.clone()), new Parameter(start.clone()));
        plain.pow(3).sum().backward();
        var scaler = new LossScaler();
        scaler.Scaled(scaled.pow(3).sum()).backward();
        Assert.False(AdapterFixtures.Same(plain.grad!, scaled.grad!));
        scaler.Unscale([scaled, idle]);
        Assert.True(AdapterFixtures.Same(plain.grad!, scaled.grad!));
        Assert.Null(idle.grad);
    }

    [Fact]
    public void ACheckpointKeepsItAndOneWithoutItIsRefused()
    {
        using var folder = new TemporaryFolder();
        var (path, without) = (folder["state.safetensors"], folder["without.safetensors"]);
        var scaler = new LossScaler();
        for (var i = 0; i < 19; i++) scaler.Allows(double.NaN); // 2⁻³
        for (var i = 0; i < 1234; i++) scaler.Allows(1);
        using var model = nn.Linear(1, 1);
        new TrainingState { Step = 5 }.Add("model", model).Add("loss", scaler).Save(path);
        var read = new LossScaler();
        var state = new TrainingState().Add("model", model).Add("loss", read);
        state.Load(path);
        Assert.Equal(5, state.Step);
        Assert.Equal((0.125, 1234), (read.Scale, read.GoodSteps));
        new TrainingState().Add("model", model).Save(without);
        Assert.Contains("another type than float16", Assert.Throws<CourseException>(() => new TrainingState().Add("model", model).Add("loss", read).Load(without)).Message);
    }
}
