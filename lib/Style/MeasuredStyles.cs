using System.Collections.Concurrent;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// Channel maps for any feature network. Nobody knows what a trained network's channels are for, so they are asked:
/// what do
/// they answer to a picture, and what to the same picture turned, recolored, or made of stripes? The map between the
/// answers is found by least squares, and from then on turns, recolors or combs the features of every style picture.
/// </summary>
/// <remarks>Fitted on dead leaves (<see cref="DeadLeaves"/>), whose edges have every direction and color.</remarks>
/// <param name="network">The network to ask; stays the caller's.</param>
public sealed class MeasuredStyles(FeatureNetwork network)
{
    private const int Leaves = 24, Side = 192;
    private const double Ridge = 0.1; // relative to the mean square of a channel

    // Luma of Rec. 601.
    private static readonly float[] Luma = [0.299f, 0.587f, 0.114f];

    private readonly ConcurrentDictionary<(string Name, string Layer), float[]> fitted = new();

    /// <summary>
    /// The layers to use them with: the deepest style layer has too many channels, and sees too much of what a thing
    /// is,
    /// for a matrix to foresee what it would answer.
    /// </summary>
    public IReadOnlyList<string> Layers { get; } = [.. network.StyleLayers.SkipLast(1)];

    /// <summary>Strokes turned by 90° to the left, colors left.</summary>
    public TransformedStatistic QuarterTurn =>
        Changed("strokes turned", picture => picture.rot90(1, (2, 3)), map => map.rot90(-1, (2, 3)));

    /// <summary>Every color becomes its gray: ink on paper.</summary>
    public TransformedStatistic Ink => Recolored("ink", Gray);

    /// <summary>Colors turned around the axis from black to white.</summary>
    /// <param name="degrees">How far, −360 to 360.</param>
    public TransformedStatistic Hue(double degrees)
    {
        StyleTransferOptions.Within(degrees, -360, 360, nameof(degrees));
        return Recolored($"hue {degrees:0}°", picture => TurnHue(picture, degrees));
    }

    /// <summary>A change of colors, whatever it is.</summary>
    /// <param name="name">A name for captions; another change needs another.</param>
    /// <param name="change">From pictures <c>[B, 3, H, W]</c> in <c>[0, 1]</c> to the same, each pixel for
    /// itself.</param>
    public TransformedStatistic Recolored(string name, Func<Tensor, Tensor> change) =>
        new(name, Fitted(name, change, map => map), recolor: change);

    /// <summary>
    /// Strokes combed into one direction: channels that answer more to stripes along it count more, the others less.
    /// </summary>
    /// <param name="degrees">The strokes' direction, −180 to 180: 0 level, 45 rising to the right, 90 upright.</param>
    /// <param name="strength">0 for none, to 1 for all.</param>
    public TransformedStatistic Combed(double degrees, double strength = 0.8)
    {
        StyleTransferOptions.Within(degrees, -180, 180, nameof(degrees));
        StyleTransferOptions.Within(strength, 0, 1, nameof(strength));
        var name = $"combed {degrees:0}°";
        return new(name, (features, layer) =>
        {
            using var scope = NewDisposeScope();
            var gains = fitted.GetOrAdd(($"{name} {strength}", layer), _ => Gains(degrees, strength, layer));
            var mean = features.mean([2, 3], keepdim: true);
            // What a channel answers everywhere is color and light; only what it answers here and there is stroke.
            return (mean + (features - mean) * tensor(gains, device: features.device).view(1, -1, 1, 1))
                .MoveToOuterDisposeScope();
        });
    }

    /// <summary>The contrast of each size of stroke turned up or down, 0 to 10, plain color left.</summary>
    /// <param name="name">A name for captions.</param>
    /// <param name="gains">For the network's style layers, fine ones first; the last holds for all that are
    /// left.</param>
    public TransformedStatistic Sizes(string name, params double[] gains)
    {
        foreach (var gain in gains) StyleTransferOptions.Within(gain, 0, 10, nameof(gains));
        return new(name, (features, layer) =>
        {
            using var scope = NewDisposeScope();
            var at = network.StyleLayers.Index().FirstOrDefault(pair => pair.Item == layer).Index;
            var mean = features.mean([2, 3], keepdim: true);
            return (mean + (features - mean) * gains[Math.Min(at, gains.Length - 1)]).MoveToOuterDisposeScope();
        });
    }

    /// <summary>T for a cross-Gram matrix: the map mirrored left to right, and with it what each channel
    /// sees.</summary>
    public FeatureTransform Mirror
    {
        get
        {
            var channels = Fitted("mirror", picture => picture.flip(3), map => map.flip(3));
            return (features, layer) => channels(features, layer).flip(3);
        }
    }

    /// <summary>The map between channels, for a change that keeps or moves places.</summary>
    /// <param name="name">A name for captions; another change needs another.</param>
    /// <param name="change">The change of pictures.</param>
    /// <param name="back">Takes the places of a changed picture's map back to where they were.</param>
    public TransformedStatistic Changed(string name, Func<Tensor, Tensor> change, Func<Tensor, Tensor> back) =>
        new(name, Fitted(name, change, back));

    private FeatureTransform Fitted(string name, Func<Tensor, Tensor> change, Func<Tensor, Tensor> back) =>
        (features, layer) =>
    {
        using var scope = NewDisposeScope();
        var channels = features.size(1);
        if (!fitted.TryGetValue((name, layer), out var numbers))
        {
            foreach (var (each, map) in Fit([.. network.StyleLayers.Append(layer).Distinct()], change, back))
                fitted[(name, each)] = map;
            numbers = fitted[(name, layer)];
        }
        var matrix = tensor(numbers, device: features.device).view(channels, channels + 1);
        var changed = einsum("oc,bchw->bohw", matrix[.., ..(int)channels], features)
            + matrix[.., (int)channels].view(1, -1, 1, 1);
        // all others are behind a ReLU
        return (layer == "pixels" ? changed : changed.relu_()).MoveToOuterDisposeScope();
    };

    private List<(string Layer, float[] Map)> Fit(
        string[] layers, Func<Tensor, Tensor> change, Func<Tensor, Tensor> back)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = Scales.Pick(smoke: Leaves / 4, small: Leaves, full: Leaves);
        var leaves = DeadLeaves.Draw(count, Side, seed: 11).to(network.Device);
        var before = network.Extract(leaves, layers);
        var after = network.Extract(change(leaves).clamp(0, 1), layers);
        return [.. layers.Select(layer => (layer, Fit(before[layer], back(after[layer]))))];
    }

    // P = Y·Xᵀ·(X·Xᵀ + λ)⁻¹ of the centered answers takes those to leaves to those to changed leaves, as well as a
    // matrix can. What it cannot foresee it leaves out, and a map without it would paint pale: so the spread is brought
    // back by the map M that takes P's covariance to the true one and moves each value as little as it can
    // (see ColorMatching).
    private static float[] Fit(Tensor before, Tensor after)
    {
        using var scope = NewDisposeScope();
        var (x, mean) = Centered(before);
        var (y, newMean) = Centered(after);
        var products = x.matmul(x.t()) / x.size(1);
        var unit = eye(x.size(0), dtype: x.dtype, device: x.device) * products.diagonal().mean();
        var map = linalg.solve(products + Ridge * unit, x.matmul(y.t()) / x.size(1)).t();
        var foreseen = map.matmul(products).matmul(map.t()) + 1e-6 * unit;
        var (root, inverse) = (Power(foreseen, 0.5), Power(foreseen, -0.5));
        var wanted = y.matmul(y.t()) / y.size(1);
        map = inverse.matmul(Power(root.matmul(wanted).matmul(root), 0.5)).matmul(inverse).matmul(map);
        return cat([map, newMean - map.matmul(mean)], 1).to(float32, CPU).contiguous().data<float>().ToArray();
    }

    private static (Tensor Rows, Tensor Mean) Centered(Tensor maps)
    {
        var rows = maps.permute(1, 0, 2, 3).flatten(1).to(float64);
        var mean = rows.mean([1], keepdim: true);
        return (rows - mean, mean);
    }

    private static Tensor Power(Tensor symmetric, double exponent)
    {
        var (values, vectors) = linalg.eigh(symmetric);
        return (vectors * values.clamp_min(1e-12).pow(exponent)).matmul(vectors.t());
    }

    // How much more a channel answers to stripes along a direction than to those across it, from 1 − s to 1 + s.
    private float[] Gains(double degrees, double strength, string layer)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var along = Answers(degrees, layer);
        var across = Answers(degrees + 90, layer);
        var gains = 1 + strength * (along - across) / (along + across).clamp_min(1e-6);
        return gains.to(float32, CPU).contiguous().data<float>().ToArray();
    }

    // A channel's spread over stripes of several widths and phases, that run in one direction.
    private Tensor Answers(double degrees, string layer)
    {
        var angle = degrees * Math.PI / 180;
        var at = arange(96, dtype: float32) - 47.5f;
        // A stripe lies across its wave; y grows downward.
        var u = at.view(1, -1) * Math.Sin(angle) + at.view(-1, 1) * Math.Cos(angle);
        var stripes = new[] { 4, 6, 9, 14, 20 }.SelectMany(width => new[] { 0, 1.6 }.Select(phase =>
            (0.5 + 0.4 * sin(u * (2 * Math.PI / width) + phase)).expand(3, -1, -1)));
        var map = network.Extract(stack(stripes).to(network.Device), layer)[layer];
        return map.std([0, 2, 3], unbiased: false);
    }

    private static Tensor Gray(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var luma = tensor(Luma, device: pictures.device).view(1, 3, 1, 1);
        return (pictures * luma).sum(1, keepdim: true).expand_as(pictures).contiguous().MoveToOuterDisposeScope();
    }

    // Rodrigues' rotation around (1, 1, 1)/√3.
    private static Tensor TurnHue(Tensor pictures, double degrees)
    {
        using var scope = NewDisposeScope();
        var (cos, sin) = (Math.Cos(degrees * Math.PI / 180), Math.Sin(degrees * Math.PI / 180));
        float Entry(int row, int column) => (float)((row == column ? cos : 0) + (1 - cos) / 3
            + sin / Math.Sqrt(3) * (((column - row + 3) % 3) switch { 0 => 0, 1 => -1, _ => 1 }));
        var turn = tensor([.. Enumerable.Range(0, 9).Select(i => Entry(i / 3, i % 3))], device: pictures.device).view(
            3, 3);
        return einsum("oc,bchw->bohw", turn, pictures).clamp(0, 1).MoveToOuterDisposeScope();
    }
}
