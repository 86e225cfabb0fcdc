using System.Collections.Concurrent;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// Channel maps for the <see cref="FilterPyramid"/>. Its hand-made filters have a direction, a color and a size, so a map
/// between channels can turn strokes, turn colors and weigh sizes, each without the others. For these, give
/// <see cref="StyleTransferOptions.StyleLayers"/> the layers in <see cref="PyramidChannels.Layers"/>.
/// </summary>
public static class PyramidStyles
{
    /// <summary>Strokes turned by 90° to the left, colors left: exactly the table of the style picture turned by 90°.</summary>
    // Seen through a turned filter, a picture looks as the picture, turned the other way, looks through the filter.
    public static TransformedStatistic QuarterTurn { get; } = Map("strokes turned", (_, layer) =>
        PyramidChannels.Permutation(layer, bank => bank.rot90(-1, (2, 3))));

    /// <summary>Every filter that sees a color is silenced: ink on paper.</summary>
    public static TransformedStatistic Ink { get; } = Map("ink",
        (filters, _) => Gains(filters, filter => filter.Color == 0 ? 1 : 0), TurnColors(0, 0));

    /// <summary>Colors turned around the axis from black to white: exactly the table of the recolored style picture.</summary>
    /// <param name="degrees">How far, −360 to 360.</param>
    /// <param name="strength">What color is left: 0 for gray, 1 for all, to 2.</param>
    public static TransformedStatistic Hue(double degrees, double strength = 1)
    {
        StyleTransferOptions.Within(degrees, -360, 360, nameof(degrees));
        StyleTransferOptions.Within(strength, 0, 2, nameof(strength));
        var (cos, sin) = (strength * Math.Cos(degrees * Math.PI / 180), strength * Math.Sin(degrees * Math.PI / 180));
        return Map($"hue {degrees:0}°", (filters, _) => Matrix(filters, Weight), TurnColors(cos, sin));

        // Filters of one kind in different colors take part; the lightness stays what it is.
        double Weight(PyramidFilter to, PyramidFilter from) => (to.Color, from.Color) switch
        {
            _ when to.Kind != from.Kind => 0,
            (0, 0) => 1,
            (0, _) or (_, 0) => 0,
            (1, 2) => -sin,
            (2, 1) => sin,
            _ => cos,
        };
    }

    /// <summary>Strokes combed into one direction: filters that see stripes along it answer more, the others less.</summary>
    /// <param name="degrees">The strokes' direction, −180 to 180: 0 level, 45 rising to the right, 90 upright.</param>
    /// <param name="strength">0 for none, to 1 for all.</param>
    public static TransformedStatistic Combed(double degrees, double strength = 0.7)
    {
        StyleTransferOptions.Within(degrees, -180, 180, nameof(degrees));
        StyleTransferOptions.Within(strength, 0, 1, nameof(strength));
        // A stroke lies across its wave; y grows downward.
        var (across, down) = (Math.Sin(degrees * Math.PI / 180), Math.Cos(degrees * Math.PI / 180));
        return Map($"combed {degrees:0}°", (filters, _) => Gains(filters, filter =>
            filter.IsBlur ? 1 : 1 - strength + 2 * strength * Math.Pow(filter.Along(across, down), 2)));
    }

    /// <summary>The contrast of each size of stroke turned up or down, 0 to 10; plain color stays.</summary>
    /// <param name="name">A name for captions.</param>
    /// <param name="fine">For the finest: cosine and gabor1.</param>
    /// <param name="middle">For gabor2.</param>
    /// <param name="coarse">For gabor3.</param>
    public static TransformedStatistic Sizes(string name, double fine, double middle, double coarse)
    {
        StyleTransferOptions.Within(fine, 0, 10, nameof(fine));
        StyleTransferOptions.Within(middle, 0, 10, nameof(middle));
        StyleTransferOptions.Within(coarse, 0, 10, nameof(coarse));
        return Map(name, (filters, layer) => Gains(filters, filter =>
            filter.IsBlur ? 1 : layer switch { "gabor2" => middle, "gabor3" => coarse, _ => fine }));
    }

    /// <summary>
    /// T for a cross-Gram matrix: the map mirrored left to right, and with it the direction of what each channel sees. A
    /// mirrored picture has just these features.
    /// </summary>
    public static FeatureTransform Mirror { get; } = Answers((_, layer) => PyramidChannels.Permutation(layer, bank => bank.flip(3)),
        after: features => features.flip(3));

    /// <summary>T for a cross-Gram matrix: the features of the picture turned by 180°.</summary>
    public static FeatureTransform HalfTurn { get; } = Answers((_, layer) => PyramidChannels.Permutation(layer, bank => bank.flip(2, 3)),
        after: features => features.flip(2, 3));

    /// <summary>Any linear map between the filters' answers, before they are split into what is above 0 and what is below.</summary>
    /// <param name="name">A name for captions.</param>
    /// <param name="matrix">For a layer's n filters and its name, <c>[n, n]</c>: what each new answer takes from each old one.</param>
    /// <param name="recolor">What it does to colors, for the matching of the content's.</param>
    public static TransformedStatistic Map(
        string name, Func<IReadOnlyList<PyramidFilter>, string, Tensor> matrix, Func<Tensor, Tensor>? recolor = null) =>
        new(name, Answers(matrix), recolor: recolor);

    private static FeatureTransform Answers(
        Func<IReadOnlyList<PyramidFilter>, string, Tensor> matrix, Func<Tensor, Tensor>? after = null)
    {
        // A cross-Gram matrix asks at every step; the matrix is always the same.
        var known = new ConcurrentDictionary<string, float[]>();
        return (features, layer) =>
        {
            using var scope = NewDisposeScope();
            var filters = PyramidChannels.Of(layer);
            var n = filters.Count;
            var numbers = known.GetOrAdd(layer, _ => matrix(filters, layer).to(ScalarType.Float32).contiguous().data<float>().ToArray());
            var answers = features.narrow(1, 0, n) - features.narrow(1, n, n);
            var map = tensor(numbers).view(n, n).to(features.dtype, features.device);
            var mapped = einsum("oc,bchw->bohw", map, answers);
            if (after is not null) mapped = after(mapped);
            return cat([mapped, mapped.neg()], 1).relu_().MoveToOuterDisposeScope();
        };
    }

    private static Tensor Gains(IReadOnlyList<PyramidFilter> filters, Func<PyramidFilter, double> gain) =>
        diag(tensor(filters.Select(filter => (float)gain(filter)).ToArray()));

    private static Tensor Matrix(IReadOnlyList<PyramidFilter> filters, Func<PyramidFilter, PyramidFilter, double> entry) =>
        tensor(filters.SelectMany(to => filters.Select(from => (float)entry(to, from))).ToArray()).view(filters.Count, filters.Count);

    // The part across the gray axis is turned and scaled. Colors that no screen has are clamped.
    private static Func<Tensor, Tensor> TurnColors(double cos, double sin) => picture =>
    {
        using var scope = NewDisposeScope();
        var axes = stack(FilterBanks.OpponentColors.Select(axis => tensor(axis))).to(picture.device);
        var turn = tensor(new float[] { 1, 0, 0, 0, (float)cos, (float)-sin, 0, (float)sin, (float)cos }, device: picture.device).view(3, 3);
        return einsum("oc,bchw->bohw", axes.t().matmul(turn).matmul(axes), picture).clamp(0, 1).MoveToOuterDisposeScope();
    };
}
