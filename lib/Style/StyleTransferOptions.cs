using ImageGen.Runtime;

namespace ImageGen.Style;

/// <summary>What the optimization begins with.</summary>
public enum StyleStart
{
    /// <summary>The content picture: its lines are there from the first step.</summary>
    Content,

    /// <summary>Random colors around the style's mean: everything must be found.</summary>
    Noise,

    /// <summary>The style picture, stretched to the content's size: the content must be found.</summary>
    Style,
}

/// <summary>Who follows the gradient.</summary>
public enum StyleOptimizer
{
    /// <summary>L-BFGS with a line search: fewest steps, the field's classic.</summary>
    Lbfgs,

    /// <summary>Adam: one evaluation a step, a learning rate to choose.</summary>
    Adam,
}

/// <summary>Which colors the result has.</summary>
public enum StyleColors
{
    /// <summary>The style's: the content picture is recolored before anything else.</summary>
    FromStyle,

    /// <summary>The content's: the style picture is recolored instead.</summary>
    FromContent,

    /// <summary>Both pictures stay as they are.</summary>
    Unmatched,
}

/// <summary>The settings of <see cref="StyleTransfer"/>; the defaults fit the current scale.</summary>
public sealed record StyleTransferOptions
{
    /// <summary>Smaller pictures and fewer steps: to compare many results, where none has to be the best.</summary>
    public static StyleTransferOptions Quick => new()
    {
        Size = Scales.Pick(smoke: 64, small: 320, full: 384),
        Steps = Scales.Pick(smoke: 6, small: 40, full: 200),
    };

    /// <summary>The longer side of the result, in pixels: 32 to 4096.</summary>
    public int Size { get; init; } = Scales.Pick(smoke: 64, small: 448, full: 512);

    /// <summary>Steps in all, over every level: 1 to 100,000.</summary>
    public int Steps { get; init; } = Scales.Pick(smoke: 9, small: 80, full: 400);

    /// <summary>Sizes on the way from coarse to fine, each twice the one before: 1 to 6. Small pictures use fewer.</summary>
    public int Levels { get; init; } = Scales.Pick(smoke: 2, small: 2, full: 4);

    /// <summary>How much the content counts: 0 or more.</summary>
    public double ContentWeight { get; init; } = 1;

    /// <summary>How much the style counts, β: 0 or more.</summary>
    public double StyleWeight { get; init; } = 40;

    /// <summary>How much total variation counts: 0 or more.</summary>
    public double SmoothnessWeight { get; init; } = 0.2;

    /// <summary>The style picture's longer side relative to <see cref="Size"/>: 0.1 to 4. Larger gives larger strokes.</summary>
    public double StyleScale { get; init; } = 1;

    /// <summary>What the optimization begins with.</summary>
    public StyleStart Start { get; init; } = StyleStart.Content;

    /// <summary>Which colors the result has.</summary>
    public StyleColors Colors { get; init; } = StyleColors.FromStyle;

    /// <summary>Who follows the gradient.</summary>
    public StyleOptimizer Optimizer { get; init; } = StyleOptimizer.Lbfgs;

    /// <summary>Adam's learning rate, in units of brightness: above 0, to 1. L-BFGS finds its own steps.</summary>
    public double LearningRate { get; init; } = 0.04;

    /// <summary>
    /// Memory that the run may take beside the program and the network, in gigabytes: 0.05 to 1000. A size that does not fit
    /// is taken in pieces, with the same result and half as much work again.
    /// </summary>
    public double MemoryBudget { get; init; } = Scales.Pick(smoke: 1, small: 2, full: 6);

    /// <summary>What of the style's feature maps counts.</summary>
    public StyleStatistic Statistic { get; init; } = StyleStatistic.Wasserstein;

    /// <summary>The layers whose statistics are matched; the network's own choice when null.</summary>
    public IReadOnlyList<string>? StyleLayers { get; init; }

    /// <summary>The layers whose values are matched; the network's own choice when null.</summary>
    public IReadOnlyList<string>? ContentLayers { get; init; }

    /// <summary>Seeds the noise.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>Checks every value.</summary>
    /// <exception cref="CourseException">One is out of range; the message names it.</exception>
    public void Check()
    {
        Within(Size, 32, 4096, nameof(Size));
        Within(Steps, 1, 100_000, nameof(Steps));
        Within(Levels, 1, 6, nameof(Levels));
        Within(ContentWeight, 0, 1e12, nameof(ContentWeight));
        Within(StyleWeight, 0, 1e12, nameof(StyleWeight));
        Within(SmoothnessWeight, 0, 1e12, nameof(SmoothnessWeight));
        Within(StyleScale, 0.1, 4, nameof(StyleScale));
        Within(LearningRate, 1e-6, 1, nameof(LearningRate));
        Within(MemoryBudget, 0.05, 1000, nameof(MemoryBudget));
    }

    internal static void Within(double value, double least, double most, string option)
    {
        if (!(value >= least && value <= most))
            throw new CourseException($"The option {option} is {value}; it must lie between {least} and {most}.");
    }
}
