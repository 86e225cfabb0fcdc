using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>Learning rates that change with the step, as shares of the highest rate: 0 to 1.</summary>
public static class LearningRates
{
    /// <summary>Rises in a straight line over the first <paramref name="warmUp"/> steps, then stays.</summary>
    /// <param name="step">From 1.</param>
    /// <param name="warmUp">Steps of the rise; 0 for none.</param>
    public static double WarmUp(int step, int warmUp) => warmUp < 1 ? 1 : Math.Min(1, (double)step / warmUp);

    /// <summary>
    /// Rises in a straight line, then falls along half a cosine (Loshchilov and Hutter, arXiv 1608.03983):
    /// lowest + (1 − lowest)·(1 + cos π·t) / 2, with t the share of the steps after the rise.
    /// </summary>
    /// <param name="step">From 1 to <paramref name="steps"/>.</param>
    /// <param name="steps">Steps in all.</param>
    /// <param name="warmUp">Steps of the rise; 0 for none.</param>
    /// <param name="lowest">Where it ends.</param>
    public static double Cosine(int step, int steps, int warmUp = 0, double lowest = 0)
    {
        if (step <= warmUp) return WarmUp(step, warmUp);
        var t = Math.Min(1, (double)(step - warmUp) / Math.Max(1, steps - warmUp));
        return lowest + (1 - lowest) * (1 + Math.Cos(Math.PI * t)) / 2;
    }

    /// <summary>Sets an optimizer's rate, in all its groups.</summary>
    public static void SetRate(this optim.Optimizer optimizer, double rate)
    {
        foreach (var group in optimizer.ParamGroups) group.LearningRate = rate;
    }
}
