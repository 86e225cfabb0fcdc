using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>The sizes a transfer goes through, and which of them have to be taken in pieces to stay within the memory budget.</summary>
internal sealed class StylePlan
{
    // Pictures as large as the result that live beside the feature maps: content, style, the gradient, temporaries of the
    // losses on pixels; for L-BFGS its 12 remembered steps with their 12 changes besides; for Adam its two averages.
    private const int Lbfgs = 40, Adam = 18;

    // Each further style picture; each mask, with the places inside at every layer's size.
    private const double Style = 12, Mask = 24;

    // Of every map, a region's part is copied out, and its gradient laid back.
    private const double InRegion = 0.3;

    // In pieces, the slopes at all layers wait side by side for the way back; and where pieces of several sizes come and go,
    // the C library keeps the holes between them, as much again. Measured on Linux, as the process's memory.
    private const double InPieces = 3;

    private readonly FeatureNetwork network;
    private readonly StyleTransferOptions options;
    private readonly IReadOnlyList<(int Height, int Width)> styles;
    private readonly double keptBytesPerPixel, stepBytesPerPixel;

    /// <param name="network">The feature network.</param>
    /// <param name="options">Checked settings.</param>
    /// <param name="content">The result's size.</param>
    /// <param name="styles">The style pictures' sizes at the last level.</param>
    /// <param name="masks">How many of them are held to a region.</param>
    /// <exception cref="CourseException">The budget is too small even for the smallest pieces.</exception>
    public StylePlan(FeatureNetwork network, StyleTransferOptions options, (int Height, int Width) content,
        IReadOnlyList<(int Height, int Width)> styles, int masks)
    {
        (this.network, this.options, this.styles) = (network, options, styles);
        keptBytesPerPixel = ContentBytesPerPixel() + Style * (styles.Count - 1) + Mask * masks;
        stepBytesPerPixel = network.StepBytesPerPixel * (1 + InRegion * masks);
        Levels = CoarseToFine.Plan(content.Height, content.Width, options.Steps, options.Levels, network.MinimumSize * 3 / 2);
        foreach (var level in Levels.Reverse()) Bytes = Math.Max(Bytes, BytesOf(level));
        Tiles = TilingOf(Levels[^1])?.Tiles.Count ?? 1;
    }

    public IReadOnlyList<Level> Levels { get; }

    /// <summary>The most memory that the run's tensors should take, in bytes.</summary>
    public double Bytes { get; }

    /// <summary>Pieces at the last level; 1 where the picture is taken whole.</summary>
    public int Tiles { get; }

    /// <summary>What all steps cost, in pixels that pass through the network forward and back.</summary>
    public double Work => Levels.Sum(level => Evaluations(level)
        * (TilingOf(level) is { } tiling ? 1.5 * tiling.Seen : level.Height * level.Width)); // in pieces, forward twice and back once

    /// <summary>A style picture's size at one level.</summary>
    public (int Height, int Width) StyleAt(Level level, int index)
    {
        var factor = (double)level.Width / Levels[^1].Width;
        var (height, width) = styles[index];
        return (Math.Max(network.MinimumSize, (int)(height * factor)), Math.Max(network.MinimumSize, (int)(width * factor)));
    }

    /// <summary>The pieces of the picture at one level; null where the whole fits.</summary>
    public Tiling? TilingOf(Level level) => FitsWhole(level) ? null : new(network, level.Height, level.Width, SideOf(level));

    /// <summary>The pieces of a style picture at one level.</summary>
    public Tiling StyleTilingOf(Level level, int index)
    {
        var (height, width) = StyleAt(level, index);
        return new(network, height, width, SideOf(level));
    }

    // A line search now and then looks twice, and about five times at a level's first step, where no length is known. Measured.
    private double Evaluations(Level level) => options.Optimizer == StyleOptimizer.Lbfgs ? 1.1 * level.Steps + 4 : level.Steps;

    private double Budget => options.MemoryBudget * 1e9;

    private bool FitsWhole(Level level) => BytesWhole(level) <= Budget;

    // A style picture may be larger than the content.
    private double BytesWhole(Level level) => Beside(level) + stepBytesPerPixel
        * Enumerable.Range(0, styles.Count).Select(i => StyleAt(level, i)).Append((level.Height, level.Width))
            .Max(size => (double)size.Item1 * size.Item2);

    private double BytesOf(Level level) => TilingOf(level) is { } tiling
        ? Beside(level) + stepBytesPerPixel * tiling.Largest * InPieces
        : BytesWhole(level);

    // Square pieces cost the least margin, and one size serves both pictures.
    private long SideOf(Level level) =>
        Tiling.SideFor(network, level.Height, level.Width, (Budget - Beside(level)) / stepBytesPerPixel / InPieces)
        ?? throw new CourseException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"The option MemoryBudget is {options.MemoryBudget} GB, too little for {level.Width}×{level.Height}: it takes {Least(level):0.0} GB at least; raise it, lower Size, or take the optimizer Adam, which remembers less."));

    private double Least(Level level) =>
        Math.Ceiling((Beside(level) + stepBytesPerPixel * InPieces * Math.Pow(Math.Max(64, network.MinimumSize) * 2 + 2.0 * network.Reach, 2)) / 1e8) / 10;

    private double Beside(Level level) => (double)level.Height * level.Width
        * (12 * (options.Optimizer == StyleOptimizer.Lbfgs ? Lbfgs : Adam) + keptBytesPerPixel);

    // What is kept of the content picture: its feature maps, counted on a small picture.
    private double ContentBytesPerPixel()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var side = 2 * network.MinimumSize;
        var maps = network.Extract(zeros(1, 3, side, side, device: network.Device), options.ContentLayers ?? network.ContentLayers);
        return maps.Sum(map => 4.0 * map.Value.numel()) / ((double)side * side);
    }
}
