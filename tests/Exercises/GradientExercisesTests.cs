using ImageGen.Exercises;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Each check of the lesson on gradients with right answers in two forms and with the slips that are likely.</summary>
public class GradientExercisesTests
{
    private const double H = 1e-5;

    private static void Says(CheckResult result, string? expected)
    {
        Assert.Equal(expected is null ? CheckState.Right : CheckState.Wrong, result.State);
        if (expected is not null) Assert.Contains(expected, result.Message);
    }

    [Fact]
    public void Difference()
    {
        static CheckResult Try(Func<Func<double, double>, double, double?> f) => GradientExercises.Difference(f);
        Says(Try((f, w) => (f(w + H) - f(w - H)) / (2 * H)), null);
        Says(Try((f, w) => (f(w - H) - f(w + H)) / -2 / H), null);
        Says(Try((f, w) => (f(w + H) - f(w - H)) / H), "twice too large");
        Says(Try((f, w) => (f(w + H) - f(w - H)) / (4 * H)), "half of what it should be");
        Says(Try((f, w) => (f(w - H) - f(w + H)) / (2 * H)), "sign is wrong");
        Says(Try((f, w) => (f(w + H) - f(w)) / H), "a point on each side");
        Says(Try((f, w) => f(w + H) - f(w - H)), "divided by 2h");
        Says(Try((f, w) => f(w)), "too small");
        Assert.Equal(CheckState.NotDone, Try((_, _) => null).State);
    }

    [Fact]
    public void Momentum()
    {
        static CheckResult Try(Func<Tensor, Tensor, Tensor, double, double, (Tensor, Tensor)?> f) => GradientExercises.Momentum(f);
        Says(Try((w, v, g, rate, mu) => (w - rate * (mu * v + g), mu * v + g)), null);
        Says(Try((w, v, g, rate, mu) => { var next = v.mul(mu).add(g); return (w.add(next, -rate), next); }), null);
        Says(Try((w, v, g, rate, mu) => (w - rate * (v + g), v + g)), "a factor μ is missing");
        Says(Try((w, v, g, rate, mu) => (w - rate * (mu * v + (1 - mu) * g), mu * v + (1 - mu) * g)), "counts whole");
        Says(Try((w, v, g, rate, mu) => (w - (mu * v + rate * g), mu * v + rate * g)), "belongs to the step");
        Says(Try((w, v, g, rate, mu) => (w + rate * (mu * v - g), mu * v - g)), "its sign is wrong");
        Says(Try((w, v, g, rate, mu) => (w + rate * (mu * v + g), mu * v + g)), "up the slope");
        Says(Try((w, v, g, rate, mu) => (w - (mu * v + g), mu * v + g)), "lacks the learning rate");
        Says(Try((w, v, g, rate, mu) => (w - rate * v, mu * v + g)), "old velocity");
        Says(Try((w, v, g, rate, mu) => { v.mul_(mu).add_(g); return (w - rate * v, v); }), "an input was changed");
        Says(Try((w, v, g, rate, mu) => (w, v)), "velocity is wrong");
        Assert.Equal(CheckState.NotDone, Try((_, _, _, _, _) => null).State);
    }

    [Theory]
    [InlineData(6083.0, null)]
    [InlineData(5952.0, "biases are missing")]
    [InlineData(1923.0, "a layer is missing")]
    [InlineData(6019.0, "too few")]
    [InlineData(12166.0, "too many")]
    [InlineData(93.0, "too few")]
    public void Parameters(double? answer, string? expected) => Says(GradientExercises.Parameters(answer), expected);

    [Fact]
    public void Linear()
    {
        Says(GradientExercises.Linear((w, b) => new Layer(w, b, x => x.w.T)), null);
        Says(GradientExercises.Linear((w, b) =>
        {
            var layer = nn.Linear(3, 4);
            using (no_grad()) { layer.weight!.copy_(w); layer.bias!.copy_(b); }
            return layer;
        }), null);
        Says(GradientExercises.Linear((w, b) => new Layer(w, zeros(4), x => x.w.T)), "bias is missing");
        Says(GradientExercises.Linear((w, b) => new Layer(w, b, x => -x.w.T)), "not x·Wᵀ + b");
        Says(GradientExercises.Linear((w, b) => new Layer(w, b, x => x.w.T, register: false)), "torch finds 0");
        Says(GradientExercises.Linear((w, b) => new Layer(w, b, x => x.w)), "your code stopped with");
        Says(GradientExercises.Linear((w, b) => nn.Linear(3, 3)), "the shape [5, 3]");
        Says(GradientExercises.Linear((w, b) => nn.Linear(3, 4)), "not x·Wᵀ + b");
        Assert.Equal(CheckState.NotDone, GradientExercises.Linear((_, _) => null).State);
    }

    private sealed class Layer : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Parameter weight, bias;
        private readonly Func<(Tensor w, int _), Tensor> turn;

        public Layer(Tensor weight, Tensor bias, Func<(Tensor w, int _), Tensor> turn, bool register = true) : base("layer")
        {
            (this.weight, this.bias, this.turn) = (nn.Parameter(weight), nn.Parameter(bias), turn);
            if (register) RegisterComponents();
        }

        public override Tensor forward(Tensor x) => x.mm(turn((weight, 0))) + bias;
    }
}
