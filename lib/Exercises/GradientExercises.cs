using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Exercises;

/// <summary>The checks of the lesson on learning by gradients: what is wrong is named, the answer is not.</summary>
public static class GradientExercises
{
    private const double Point = 2, Right = 12; // w³ has the slope 3w²

    /// <summary>A central difference, tried on w³ at 2.</summary>
    /// <param name="difference">From a function and a point to the slope there; null means not done.</param>
    public static CheckResult Difference(Func<Func<double, double>, double, double?> difference) =>
        Check.That("Difference", () => difference(w => w * w * w, Point), slope => slope!.Value switch
        {
            var s when Math.Abs(s - Right) < 1e-6 => null,
            var s when Near(s, 2 * Right) => "it is twice too large: the two points lie 2h apart",
            var s when Near(s, Right / 2) => "it is half of what it should be: divide by 2h once",
            var s when Near(s, -Right) => "its sign is wrong: take the right point's value minus the left one's",
            var s when Math.Abs(s - Right) < 1e-3 => "it is nearly right: take a point on each side, not one, with h = 1e-5",
            var s when Math.Abs(s) < 1e-2 => "it is close to zero: was the difference divided by 2h?",
            var s => $"at w = {Point} the slope of w³ comes out too {(s > Right ? "large" : "small")}",
        });

    /// <summary>A step with momentum that leaves its inputs as they are.</summary>
    /// <param name="step">From parameter, velocity, gradient, learning rate and μ to the new parameter and velocity; null means not done.</param>
    public static CheckResult Momentum(Func<Tensor, Tensor, Tensor, double, double, (Tensor Parameter, Tensor Velocity)?> step)
    {
        using var scope = NewDisposeScope();
        const double rate = 0.2, mu = 0.9; // apart, so that each slip shows: 1 − μ is not the rate
        var (w, v, g) = (tensor(new[] { 1.0, -2 }), tensor(new[] { 0.5, 0.25 }), tensor(new[] { 2.0, -1 }));
        var before = stack([w, v, g]).clone();
        var velocity = mu * v + g;
        return Check.That("Momentum", () => step(w, v, g, rate, mu), made =>
        {
            var (parameter, fast) = made!.Value;
            if ((stack([w, v, g]) - before).abs().max().ToDouble() > 0) return "an input was changed: make new tensors, without add_, sub_ or mul_";
            if (parameter.shape is not [2] || fast.shape is not [2]) return "the new parameter and velocity must have the shape of the old ones";
            if (Same(fast, v + g)) return "the old velocity is not slowed: a factor μ is missing";
            if (Same(fast, mu * v + (1 - mu) * g)) return "the gradient is weighted by 1 − μ: here it counts whole";
            if (Same(fast, mu * v + rate * g)) return "the learning rate belongs to the step, not to the velocity";
            if (Same(fast, mu * v - g)) return "the velocity adds up gradients: its sign is wrong";
            if (!Same(fast, velocity)) return "the new velocity is wrong";
            if (Same(parameter, w + rate * velocity)) return "the step goes up the slope: its sign is wrong";
            if (Same(parameter, w - velocity)) return "the step lacks the learning rate";
            if (Same(parameter, w - rate * v)) return "the step uses the old velocity: take the new one";
            return Same(parameter, w - rate * velocity) ? null : "the new parameter is wrong, the velocity is right";
        });
    }

    /// <summary>How many numbers three linear layers with biases learn: 26 → 64 → 64 → 3.</summary>
    public static CheckResult Parameters(double? answer)
    {
        const int inputs = 26, width = 64, colors = 3, weights = inputs * width + width * width + width * colors, all = weights + 2 * width + colors;
        return Check.That("parameters", () => answer, count => count switch
        {
            all => null,
            weights => "the biases are missing: one number for each output of a layer",
            all - width * width - width => "a layer is missing: there are three",
            _ => count < all ? "too few" : "too many",
        });
    }

    /// <summary>A module that computes what <c>nn.Linear</c> computes, with parameters that torch finds.</summary>
    /// <param name="linear">From a weight <c>[outputs, inputs]</c> and a bias to the module; null means not done.</param>
    public static CheckResult Linear(Func<Tensor, Tensor, nn.Module<Tensor, Tensor>?> linear)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (w, b, x) = (randn([4, 3], generator: generator), randn([4], generator: generator), randn([5, 3], generator: generator));
        // nn.Parameter takes over what it is given: the originals stay here.
        return Check.That("MyLinear", () => linear(w.clone(), b.clone()), layer =>
        {
            var y = layer.call(x);
            if (y.shape is not [5, 4]) return $"its result has the shape [{string.Join(", ", y.shape)}] for an input [5, 3]: it should be [5, 4]";
            if (Same(y, x.mm(w.T))) return "the bias is missing";
            if (!Same(y, x.mm(w.T) + b)) return "its result is not x·Wᵀ + b";
            var found = layer.parameters().Count();
            return found == 2 ? null
                : $"torch finds {found} of its 2 parameters: make both with nn.Parameter, hold them in fields, and call RegisterComponents() last";
        });
    }

    private static bool Near(double actual, double expected) => Math.Abs(actual - expected) < 1e-3;

    private static bool Same(Tensor a, Tensor b) => a.shape.SequenceEqual(b.shape) && (a - b).abs().max().ToDouble() < 1e-5;
}
