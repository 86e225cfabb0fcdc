using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>One piece of a picture: the places that are its own, and the margin around them that its features look at.</summary>
/// <param name="Rows">Its own rows of pixels.</param>
/// <param name="Columns">Its own columns.</param>
internal sealed record Tile(TileSpan Rows, TileSpan Columns)
{
    /// <summary>Pixels with the margin.</summary>
    public long Area => Rows.SeenLength * Columns.SeenLength;

    /// <summary>The piece with its margin, a view of <c>[1, 3, H, W]</c>.</summary>
    public Tensor Cut(Tensor picture) =>
        picture.narrow(2, Rows.SeenStart, Rows.SeenLength).narrow(3, Columns.SeenStart, Columns.SeenLength);

    /// <summary>What of the piece's feature map belongs to its own places, a view.</summary>
    public Tensor Own(Tensor map) => Columns.Own(Rows.Own(map, 2), 3);
}

/// <summary>A piece's extent in one direction, in pixels.</summary>
/// <param name="Start">Its first own pixel, a multiple of the network's stride.</param>
/// <param name="Length">How many are its own.</param>
/// <param name="SeenStart">The first pixel with the margin.</param>
/// <param name="SeenLength">How many with the margin.</param>
/// <param name="Last">Whether it reaches the picture's end.</param>
internal sealed record TileSpan(long Start, long Length, long SeenStart, long SeenLength, bool Last)
{
    public Tensor Own(Tensor map, int dimension)
    {
        var size = map.size(dimension);
        if (Start == SeenStart && Length == SeenLength) return map;
        var stride = Stride(SeenLength, size);
        var first = (Start - SeenStart) / stride;
        return map.narrow(dimension, first, Last ? size - first : Length / stride);
    }

    /// <summary>Where its own values lie among the whole map's, and how many those are.</summary>
    /// <param name="size">How many values are its own.</param>
    /// <param name="pixels">The whole picture's extent.</param>
    public (long First, long Whole) PlaceOf(long size, long pixels)
    {
        var stride = Stride(Length, size);
        return (Start / stride, pixels / stride);
    }

    // Halving rounds down, so that this many pixels stand behind one value, or a fraction more.
    private static long Stride(long pixels, long size) => 1L << (int)Math.Round(Math.Log2((double)pixels / size));
}

/// <summary>
/// Cuts a picture into pieces with margins as wide as the network looks, so that the pieces' own features, laid side by
/// side, are exactly the whole picture's.
/// </summary>
internal sealed class Tiling
{
    private const int LeastSide = 64;

    private readonly FeatureNetwork network;

    /// <param name="network">The network to look through.</param>
    /// <param name="height">The picture's height, in pixels.</param>
    /// <param name="width">Its width.</param>
    /// <param name="side">The most pixels of its own that a piece may have, across or down.</param>
    public Tiling(FeatureNetwork network, long height, long width, long side)
    {
        (this.network, Height, Width) = (network, height, width);
        var (rows, columns) = (Spans(height, side), Spans(width, side));
        Tiles = [.. rows.SelectMany(row => columns.Select(column => new Tile(row, column)))];
    }

    /// <summary>The picture's height, in pixels.</summary>
    public long Height { get; }

    /// <summary>Its width.</summary>
    public long Width { get; }

    public IReadOnlyList<Tile> Tiles { get; }

    /// <summary>Pixels that pass through the network, margins counted every time.</summary>
    public long Seen => Tiles.Sum(tile => tile.Area);

    /// <summary>Pixels of the largest piece.</summary>
    public long Largest => Tiles.Max(tile => tile.Area);

    /// <summary>The largest pieces that stay within so many pixels, margins counted; null when even small ones do not.</summary>
    public static long? SideFor(FeatureNetwork network, long height, long width, double pixels)
    {
        var longer = Math.Max(height, width);
        for (var pieces = 1; pieces == 1 || longer / pieces >= Math.Max(LeastSide, network.MinimumSize); pieces++)
        {
            var side = (longer + pieces - 1) / pieces;
            if (new Tiling(network, height, width, side).Largest <= pixels) return side;
        }
        return null;
    }

    /// <summary>One piece's own feature maps.</summary>
    /// <param name="cut">What <see cref="Tile.Cut"/> gave; gradients flow back to it.</param>
    /// <param name="tile">The piece.</param>
    /// <param name="layers">The layers wanted.</param>
    /// <returns>The maps, in the caller's dispose scope.</returns>
    public FeatureMaps Extract(Tensor cut, Tile tile, IReadOnlyCollection<string> layers)
    {
        var own = new FeatureMaps();
        foreach (var (layer, map) in network.Extract(cut, layers)) own.Add(layer, tile.Own(map));
        return own;
    }

    private List<TileSpan> Spans(long length, long side)
    {
        var count = (length + side - 1) / side;
        var spans = new List<TileSpan>();
        for (var i = 0; i < count; i++)
        {
            var (start, end) = (Cut(i), Cut(i + 1));
            var (from, to) = (Math.Max(0, start - network.Reach), Math.Min(length, end + network.Reach));
            spans.Add(new(start, end - start, from, to - from, Last: i == count - 1));
        }
        return spans;

        long Cut(long i) => i == count ? length : length * i / count / network.Stride * network.Stride;
    }
}
