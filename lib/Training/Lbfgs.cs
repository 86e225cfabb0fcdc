using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// L-BFGS: a quasi-Newton method that remembers the last few steps and how the gradient changed over each, and from
/// them guesses the curvature (Nocedal and Wright, "Numerical Optimization", algorithms 7.4 and 7.5). Every step ends
/// with a line search under the strong Wolfe conditions, which TorchSharp's own L-BFGS does not have.
/// </summary>
/// <remarks>The steps are those of PyTorch's <c>LBFGS(line_search_fn="strong_wolfe", lr=1)</c>.</remarks>
public sealed class Lbfgs : IDisposable
{
    private const double LeastCurvature = 1e-10; // below it a pair says nothing but rounding

    private readonly Tensor parameter;
    private readonly Func<Tensor> losses;
    private readonly int history;
    private readonly List<Pair> pairs = [];
    private Tensor? gradient, current;

    // One remembered step s, the change y of the gradient over it, and ρ = 1 / (y·s).
    private readonly record struct Pair(Tensor Step, Tensor Change, double InverseDot);

    /// <summary>Prepares to make a loss small by changing one tensor.</summary>
    /// <param name="parameter">Any shape; requires a gradient; changed in place.</param>
    /// <param name="losses">
    /// Computes the losses of the parameter as it is now, <c>[n]</c> or one scalar: the first is made small, the others
    /// are carried along for those who watch.
    /// </param>
    /// <param name="history">How many steps are remembered.</param>
    public Lbfgs(Tensor parameter, Func<Tensor> losses, int history = 12) =>
        (this.parameter, this.losses, this.history) = (parameter, losses, history);

    /// <summary>How often the losses and the gradient have been computed so far.</summary>
    public int Evaluations { get; private set; }

    /// <summary>Whether the last step found no way down: the minimum, to rounding.</summary>
    public bool Converged { get; private set; }

    /// <summary>Takes one step.</summary>
    /// <returns>
    /// The losses after it, <c>[n]</c>, without a gradient; they belong to the caller's dispose scope.
    /// </returns>
    public Tensor Step()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (gradient is null) (current, gradient) = Keep(Evaluate());

        var direction = Direction(gradient);
        var (slope, largest) = Read(direction.dot(gradient), direction.abs().max());
        if (!double.IsFinite(slope))
            throw new CourseException("L-BFGS cannot go on: the gradient holds NaN or infinite values.");
        Converged = slope >= 0;
        if (Converged) return current!.clone().MoveToOuterDisposeScope();

        // Before any curvature is known, the first step moves all values together by at most 1.
        var firstStep = pairs.Count > 0 ? 1 : Math.Min(1, 1 / gradient.abs().sum().ToDouble());
        var origin = parameter.clone();
        var seen = new List<(double Step, Tensor Losses, Tensor Gradient)>();
        LinePoint At(double step)
        {
            MoveTo(origin, direction, step);
            var (values, there) = Evaluate();
            seen.Add((step, values, there));
            var (loss, slopeThere) = Read(values[0], there.dot(direction));
            return new(step, loss, slopeThere);
        }

        var start = new LinePoint(0, current![0].ToDouble(), slope);
        var chosen = WolfeLineSearch.Search(start, firstStep, At, smallestChange: 1e-9 / largest);
        if (chosen.Step == 0)
        {
            MoveTo(origin, direction, 0);
            Converged = true;
            return current.clone().MoveToOuterDisposeScope();
        }
        if (seen[^1].Step != chosen.Step) MoveTo(origin, direction, chosen.Step);
        var accepted = seen.Last(point => point.Step == chosen.Step);
        Remember(direction * chosen.Step, accepted.Gradient - gradient, chosen.Step * (chosen.Slope - slope));
        gradient.Dispose();
        current.Dispose();
        (current, gradient) = Keep((accepted.Losses, accepted.Gradient));
        return current.clone().MoveToOuterDisposeScope();
    }

    /// <summary>Forgets the remembered steps; the parameter stays.</summary>
    public void Dispose()
    {
        foreach (var pair in pairs) Forget(pair);
        pairs.Clear();
        gradient?.Dispose();
        current?.Dispose();
        (gradient, current) = (null, null);
    }

    // Algorithm 7.4: the inverse curvature times the gradient, from the pairs alone. No number is read back.
    private Tensor Direction(Tensor gradient)
    {
        var direction = gradient.neg();
        if (pairs.Count == 0) return direction;
        var weights = new Tensor[pairs.Count];
        for (var i = pairs.Count - 1; i >= 0; i--)
        {
            weights[i] = pairs[i].Step.dot(direction) * pairs[i].InverseDot;
            direction.addcmul_(pairs[i].Change, weights[i], value: -1);
        }
        var newest = pairs[^1];
        direction.div_(newest.Change.dot(newest.Change) * newest.InverseDot);
        for (var i = 0; i < pairs.Count; i++)
            direction.addcmul_(
                pairs[i].Step, weights[i] - pairs[i].Change.dot(direction) * pairs[i].InverseDot, value: 1);
        return direction;
    }

    private void Remember(Tensor step, Tensor change, double dot)
    {
        if (dot <= LeastCurvature) return;
        if (pairs.Count == history)
        {
            Forget(pairs[0]);
            pairs.RemoveAt(0);
        }
        pairs.Add(new(step.DetachFromDisposeScope(), change.DetachFromDisposeScope(), 1 / dot));
    }

    private static void Forget(Pair pair)
    {
        pair.Step.Dispose();
        pair.Change.Dispose();
    }

    private void MoveTo(Tensor origin, Tensor direction, double step) =>
        parameter.copy_(origin).add_(direction.view(parameter.shape), alpha: step);

    private (Tensor Losses, Tensor Gradient) Evaluate()
    {
        Evaluations++;
        using var scope = NewDisposeScope();
        using var tracked = enable_grad();
        var values = losses().view(-1);
        var slopes = autograd.grad([values[0]], [parameter])[0].reshape(-1);
        return (values.detach().MoveToOuterDisposeScope(), slopes.MoveToOuterDisposeScope());
    }

    private static (Tensor, Tensor) Keep((Tensor Losses, Tensor Gradient) point) =>
        (point.Losses.DetachFromDisposeScope(), point.Gradient.DetachFromDisposeScope());

    // Two numbers in one transfer: on a GPU every reading waits for all work before it.
    private static (double, double) Read(Tensor first, Tensor second)
    {
        using var both = stack([first, second]).to(ScalarType.Float64).cpu();
        var values = both.data<double>();
        return (values[0], values[1]);
    }
}
