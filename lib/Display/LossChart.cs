using ImageGen.Training;

namespace ImageGen.Display;

/// <summary>Charts of what a training left behind.</summary>
public static class LossChart
{
    /// <summary>The losses of one run over its steps, on a logarithmic axis.</summary>
    /// <param name="losses">The run's losses.</param>
    /// <param name="names">Which of them; all when none is named.</param>
    public static Chart Of(LossHistory losses, params string[] names) =>
        Over(names.Length == 0 ? losses.Names : names, name => losses[name], "loss");

    /// <summary>One loss of several runs, each under its name.</summary>
    /// <param name="name">The loss to compare, for example <c>total</c>.</param>
    /// <param name="runs">The runs and what to call them.</param>
    public static Chart Compare(string name, params (string Name, LossHistory Losses)[] runs) =>
        Over([.. runs.Select(run => run.Name)], label => runs.First(run => run.Name == label).Losses[name], $"{name} loss");

    private static Chart Over(IReadOnlyList<string> names, Func<string, IReadOnlyList<double>> values, string label) =>
        Chart.Line([.. names.Select(name => (name, new Numbers(values(name))))]) with { LogY = true, XLabel = "step", YLabel = label };
}
