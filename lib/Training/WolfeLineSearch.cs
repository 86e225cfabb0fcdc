namespace ImageGen.Training;

/// <summary>
/// A point on the line that is searched: its step, the loss there, and the loss's slope along the line.
/// </summary>
public readonly record struct LinePoint(double Step, double Loss, double Slope);

/// <summary>
/// Finds a step that satisfies the strong Wolfe conditions: the loss falls by a fair share of what the slope promised,
/// and the slope has flattened. Nocedal and Wright, "Numerical Optimization", algorithms 3.5 (bracketing) and 3.6
/// (zoom), with cubic interpolation (their formula 3.59) kept inside safe bounds as in Schmidt's minFunc and in
/// PyTorch.
/// </summary>
public static class WolfeLineSearch
{
    private const double SufficientDecrease = 1e-4; // c₁
    private const double Curvature = 0.9;           // c₂

    /// <summary>Searches from <paramref name="start"/> (step 0, with a negative slope).</summary>
    /// <param name="start">Loss and slope where the line begins.</param>
    /// <param name="firstStep">The step to try first.</param>
    /// <param name="evaluate">Gives the loss and slope at a step.</param>
    /// <param name="maxEvaluations">After this many the best point so far is taken.</param>
    /// <param name="smallestChange">
    /// A bracket that would move no value by more than this is small enough; in units of the step.
    /// </param>
    /// <returns>The step to take and what was seen there.</returns>
    public static LinePoint Search(
        LinePoint start, double firstStep, Func<double, LinePoint> evaluate, int maxEvaluations =
            25, double smallestChange = 1e-9)
    {
        LinePoint previous = start, current = evaluate(firstStep);
        for (var evaluations = 1; evaluations < maxEvaluations; evaluations++)
        {
            if (!IsFinite(current))
            {
                current = evaluate((previous.Step + current.Step) / 2); // too far out to see anything
                continue;
            }
            if (TooHigh(current, start) || (evaluations > 1 && current.Loss >= previous.Loss)
                || current.Slope >= 0 && !Flat(current, start))
                return Zoom(start, previous, current, evaluate, maxEvaluations - evaluations, smallestChange);
            if (Flat(current, start)) return current;

            double least = current.Step + 0.01 * (current.Step - previous.Step), most = current.Step * 10;
            var next = Interpolate(previous, current, least, most);
            (previous, current) = (current, evaluate(next));
        }
        return IsFinite(current) && current.Loss <= start.Loss ? current : previous;
    }

    private static LinePoint Zoom(
        LinePoint start, LinePoint low, LinePoint high, Func<double, LinePoint> evaluate, int evaluationsLeft,
        double smallestChange)
    {
        if (high.Loss < low.Loss) (low, high) = (high, low);
        var nearEdge = false;
        for (; evaluationsLeft > 0 && Math.Abs(high.Step - low.Step) > smallestChange; evaluationsLeft--)
        {
            double least = Math.Min(low.Step, high.Step), most = Math.Max(low.Step, high.Step);
            var step = KeepInside(Interpolate(low, high, least, most), least, most, ref nearEdge);
            var point = evaluate(step);
            // A point where nothing can be seen bounds the search as one that is too high does.
            if (!IsFinite(point) || TooHigh(point, start) || point.Loss >= low.Loss)
            {
                high = point;
                if (high.Loss < low.Loss) (low, high) = (high, low);
                continue;
            }
            if (Flat(point, start)) return point;
            if (point.Slope * (high.Step - low.Step) >= 0) high = low;
            low = point;
        }
        return low;
    }

    // Two steps in a row that hug the same bracket's edge make no headway: the second is moved a tenth inside.
    private static double KeepInside(double step, double least, double most, ref bool nearEdge)
    {
        var margin = 0.1 * (most - least);
        if (Math.Min(most - step, step - least) >= margin)
        {
            nearEdge = false;
            return step;
        }
        if (nearEdge || step >= most || step <= least)
        {
            nearEdge = false;
            return Math.Abs(step - most) < Math.Abs(step - least) ? most - margin : least + margin;
        }
        nearEdge = true;
        return step;
    }

    private static bool IsFinite(LinePoint point) => double.IsFinite(point.Loss) && double.IsFinite(point.Slope);

    private static bool TooHigh(LinePoint point, LinePoint start) =>
        point.Loss > start.Loss + SufficientDecrease * point.Step * start.Slope;

    private static bool Flat(LinePoint point, LinePoint start) => Math.Abs(point.Slope) <= -Curvature * start.Slope;

    // The minimum of the cubic through two points with their slopes; the middle where it has none.
    private static double Interpolate(LinePoint a, LinePoint b, double least, double most)
    {
        if (a.Step > b.Step) (a, b) = (b, a);
        var d1 = a.Slope + b.Slope - 3 * (a.Loss - b.Loss) / (a.Step - b.Step);
        var square = d1 * d1 - a.Slope * b.Slope;
        if (!(square >= 0) || !double.IsFinite(square)) return (least + most) / 2;
        var d2 = Math.Sqrt(square);
        var step = b.Step - (b.Step - a.Step) * ((b.Slope + d2 - d1) / (b.Slope - a.Slope + 2 * d2));
        return Math.Min(Math.Max(step, least), most);
    }
}
