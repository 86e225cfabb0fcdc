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

    // In pieces, the slopes at all layers wait side by side for the way back.
    private const double InPieces = 1.3;

    private readonly FeatureNetwork network;
    private readonly StyleTransferOptions options;
    private readonly (int Height, int Width) style;
    private readonly double contentBytesPerPixel;

    /// <param name="network">The feature network.</param>
    /// <param name="options">Checked settings.</param>
    /// <param name="content">The result's size.</param>
    /// <param name="style">The style picture's size at the last level.</param>
    /// <exception cref="CourseException">The budget is too small even for the smallest pieces.</exception>
    public StylePlan(FeatureNetwork network, StyleTransferOptions options, (int Height, int Width) content, (int Height, int Width) style)
    {
        (this.network, this.options, this.style) = (network, options, style);
        contentBytesPerPixel = ContentBytesPerPixel();
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
    public double Work => Levels.Sum(level =>
        level.Steps * (options.Optimizer == StyleOptimizer.Lbfgs ? 1.1 : 1) // a line search now and then looks twice
        * (TilingOf(level) is { } tiling ? 1.5 * tiling.Seen : level.Height * level.Width)); // in pieces, forward twice and back once

    /// <summary>The style picture's size at one level.</summary>
    public (int Height, int Width) StyleAt(Level level)
    {
        var factor = (double)level.Width / Levels[^1].Width;
        return (Math.Max(network.MinimumSize, (int)(style.Height * factor)), Math.Max(network.MinimumSize, (int)(style.Width * factor)));
    }

    /// <summary>The pieces of the picture at one level; null where the whole fits.</summary>
    public Tiling? TilingOf(Level level) => FitsWhole(level) ? null : new(network, level.Height, level.Width, SideOf(level));

    /// <summary>The pieces of the style picture at one level.</summary>
    public Tiling StyleTilingOf(Level level)
    {
        var (height, width) = StyleAt(level);
        return new(network, height, width, SideOf(level));
    }

    private double Budget => options.MemoryBudget * 1e9;

    private bool FitsWhole(Level level)
    {
        var (height, width) = StyleAt(level);
        var larger = Math.Max((double)level.Height * level.Width, (double)height * width);
        return Beside(level) + larger * network.StepBytesPerPixel <= Budget;
    }

    private double BytesOf(Level level) => Beside(level) + network.StepBytesPerPixel
        * (TilingOf(level)?.Largest * InPieces ?? (double)level.Height * level.Width);

    // Square pieces cost the least margin, and one size serves both pictures.
    private long SideOf(Level level) =>
        Tiling.SideFor(network, level.Height, level.Width, (Budget - Beside(level)) / network.StepBytesPerPixel / InPieces)
        ?? throw new CourseException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"The option MemoryBudget is {options.MemoryBudget} GB, too little for {level.Width}×{level.Height}: it takes {Least(level):0.0} GB at least; raise it, lower Size, or take the optimizer Adam, which remembers less."));

    private double Least(Level level) =>
        Math.Ceiling((Beside(level) + network.StepBytesPerPixel * InPieces * Math.Pow(Math.Max(64, network.MinimumSize) * 2 + 2.0 * network.Reach, 2)) / 1e8) / 10;

    private double Beside(Level level) => (double)level.Height * level.Width
        * (12 * (options.Optimizer == StyleOptimizer.Lbfgs ? Lbfgs : Adam) + contentBytesPerPixel);

    // What is kept of the content picture: its feature maps, counted on a small picture.
    private double ContentBytesPerPixel()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var side = 2 * network.MinimumSize;
        var maps = network.Extract(zeros(1, 3, side, side, device: network.Device), options.ContentLayers ?? network.ContentLayers);
        return maps.Sum(map => 4.0 * map.Value.numel()) / ((double)side * side);
    }
}
