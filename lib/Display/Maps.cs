using ImageGen.Imaging;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Display;

/// <summary>What a network sees, as pictures: the channels of its features, and its filters.</summary>
public static class Maps
{
    private const int TileSide = 96;

    /// <summary>
    /// Each channel as a tile: dark where it is silent, bright where it answers, on the tile's own scale. The top 0.5% of
    /// a channel's values are drawn alike, or a single bright pixel would hide all others.
    /// </summary>
    /// <param name="features"><c>[1, C, H, W]</c> or <c>[C, H, W]</c>.</param>
    /// <param name="columns">Tiles in a row.</param>
    /// <param name="most">At most so many channels, from the first.</param>
    /// <exception cref="CourseException">Another shape.</exception>
    public static Picture Show(Tensor features, int columns = 8, int most = 32)
    {
        using var scope = NewDisposeScope();
        var maps = features.shape is [1, > 0, > 0, > 0] ? features[0] : features;
        if (maps.shape is not [> 0, > 0, > 0])
            throw new CourseException($"Feature maps have the shape [1, C, H, W] or [C, H, W], not {TensorPictures.Shape(features)}.");
        return Tiles(maps, columns, most, Colored);
    }

    /// <summary>Each filter of a convolution as a tile: in color where it looks at RGB, else its mean over the input channels.</summary>
    /// <param name="weight"><c>[O, I, kH, kW]</c>, as in <c>conv.weight</c>.</param>
    /// <param name="columns">Tiles in a row.</param>
    /// <param name="most">At most so many filters, from the first.</param>
    /// <exception cref="CourseException">Another shape.</exception>
    public static Picture Filters(Tensor weight, int columns = 8, int most = 64)
    {
        using var scope = NewDisposeScope();
        if (weight.shape is not [> 0, > 0, > 0, > 0])
            throw new CourseException($"A convolution's filters have the shape [O, I, kH, kW], not {TensorPictures.Shape(weight)}.");
        return weight.shape[1] == 3 ? Tiles(weight, columns, most, InColor) : Tiles(weight.mean([1]), columns, most, Signed);
    }

    private static Picture Tiles(Tensor maps, int columns, int most, Func<Tensor, Picture> paint)
    {
        var count = (int)Math.Min(maps.shape[0], most);
        List<Picture> tiles = [];
        for (var i = 0; i < count; i++)
        {
            using var scope = NewDisposeScope();
            tiles.Add(paint(maps[i].detach().to(ScalarType.Float32).cpu()));
        }
        var side = tiles.Max(tile => Math.Max(tile.Width, tile.Height));
        return Grid.Of([.. tiles.Select(tile => tile.FitWithin(2 * TileSide))], columns, zoom: Math.Max(1, (int)Math.Round((double)TileSide / side)));
    }

    private static Picture Colored(Tensor map)
    {
        var sorted = map.flatten().sort().Values;
        var (low, high) = (sorted[0].item<float>(), sorted[Math.Max(0, (long)(0.995 * (map.numel() - 1)))].item<float>());
        if (high <= low) high = sorted[-1].item<float>();
        return Paint(map, value => Palette.At(Palette.Rising, high > low ? (value - low) / (high - low) : 0));
    }

    private static Picture Signed(Tensor map)
    {
        var bound = Math.Max(map.abs().max().item<float>(), 1e-12f);
        return Paint(map, value => Palette.At(Palette.Diverging, 0.5 + value / bound / 2));
    }

    // Gray is 0, as in the usual pictures of first-layer filters.
    private static Picture InColor(Tensor filter)
    {
        var bound = filter.abs().max().clamp_min(1e-12);
        return Picture.FromTensor(filter / bound / 2 + 0.5);
    }

    private static Picture Paint(Tensor map, Func<float, SkiaSharp.SKColor> color)
    {
        var values = map.contiguous().data<float>().ToArray();
        var rgb = new byte[values.Length * 3];
        for (var i = 0; i < values.Length; i++)
        {
            var pixel = color(float.IsFinite(values[i]) ? values[i] : 0);
            (rgb[i * 3], rgb[i * 3 + 1], rgb[i * 3 + 2]) = (pixel.Red, pixel.Green, pixel.Blue);
        }
        return new Picture((int)map.shape[1], (int)map.shape[0], rgb);
    }
}
