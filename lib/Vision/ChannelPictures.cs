using ImageGen.Imaging;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>What a channel of a feature network answers to: the places of given pictures, or a picture made for it.</summary>
public static class ChannelPictures
{
    // How much colors of natural pictures go together: the root of ImageNet's color covariance (Olah and others, 2017).
    private static readonly float[] ColorRoot = [0.26f, 0.09f, 0.02f, 0.27f, 0.00f, -0.05f, 0.27f, -0.09f, 0.03f];

    private const int Jitter = 8;

    /// <summary>
    /// Pictures that excite one channel each, by gradient ascent on the picture (Erhan and others, 2009). What keeps them
    /// from being noise: the picture is the sum of waves, long ones first, its colors go together as those of photographs
    /// do, and it is shifted by some pixels before each step (Olah and others, <i>Feature Visualization</i>, Distill 2017).
    /// </summary>
    /// <param name="network">The network; it stays as it is.</param>
    /// <param name="layer">A layer of it.</param>
    /// <param name="channels">Channels of the layer; one picture each.</param>
    /// <param name="side">The pictures' side, in pixels.</param>
    /// <param name="steps">Steps of the ascent.</param>
    /// <exception cref="CourseException">There is no such layer or channel.</exception>
    public static IReadOnlyList<Picture> Excite(
        FeatureNetwork network, string layer, IReadOnlyList<int> channels, int side = 112, int steps = 64)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        using var generator = new Generator(Seeds.Default);
        var frequencies = side / 2 + 1;
        var waves = nn.Parameter(0.05 * randn([channels.Count, 3, side, frequencies, 2], generator: generator)); // real, imaginary
        var scale = WaveScale(side);
        var colors = tensor(ColorRoot).view(3, 3);
        using var optimizer = optim.Adam([waves], 0.04);
        var random = new Random(Seeds.Default);
        for (var step = 0; step < steps; step++)
        {
            using var inStep = NewDisposeScope();
            var shifted = Paint(waves, scale, colors, side).roll([random.Next(Jitter), random.Next(Jitter)], [2, 3]);
            var maps = network.Extract(shifted.to(network.Device), layer)[layer];
            if (step == 0) CheckChannels(network, layer, channels, maps.size(1));
            var answers = stack([.. channels.Select((channel, i) => maps[i, channel].mean())]);
            optimizer.zero_grad();
            (-answers.sum()).backward();
            optimizer.step();
        }
        using var noGrad = no_grad();
        var made = Paint(waves, scale, colors, side);
        return [.. Enumerable.Range(0, channels.Count).Select(i => Picture.FromTensor(made[i]))];
    }

    /// <summary>The places that a channel answers to most, cut out of pictures: the strongest first, at most one a neighborhood.</summary>
    /// <param name="network">The network.</param>
    /// <param name="layer">A layer of it.</param>
    /// <param name="channel">A channel of the layer.</param>
    /// <param name="pictures">Where to look.</param>
    /// <param name="count">How many places.</param>
    /// <param name="side">The side of what is cut out, in pixels; not larger than a picture.</param>
    /// <exception cref="CourseException">There is no such layer or channel, or a picture is smaller than <paramref name="side"/>.</exception>
    public static IReadOnlyList<Picture> Strongest(
        FeatureNetwork network, string layer, int channel, IReadOnlyList<Picture> pictures, int count = 4, int side = 48)
    {
        using var noGrad = no_grad();
        var found = new List<(double Answer, Picture Patch)>();
        foreach (var picture in pictures)
        {
            if (picture.Width < side || picture.Height < side) throw new CourseException($"A picture of {picture.Width}×{picture.Height} pixels has no place of {side}×{side}: cut out less.");
            using var scope = NewDisposeScope();
            var maps = network.Extract(picture.ToTensor(), layer)[layer];
            CheckChannels(network, layer, [channel], maps.size(1));
            var map = maps[0, channel].cpu().to(ScalarType.Float32).contiguous();
            var (rows, columns, values) = ((int)map.size(0), (int)map.size(1), map.data<float>().ToArray());
            var taken = new List<(int X, int Y)>();
            foreach (var place in Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]))
            {
                if (taken.Count == count || values[place] <= 0) break;
                // The middle of what the value stands for, moved so that the cut lies inside.
                var x = Math.Clamp((place % columns * 2 + 1) * picture.Width / (2 * columns) - side / 2, 0, picture.Width - side);
                var y = Math.Clamp((place / columns * 2 + 1) * picture.Height / (2 * rows) - side / 2, 0, picture.Height - side);
                if (taken.Any(other => Math.Abs(other.X - x) < side * 2 / 3 && Math.Abs(other.Y - y) < side * 2 / 3)) continue;
                taken.Add((x, y));
                found.Add((values[place], picture.Crop(x, y, side, side)));
            }
        }
        return [.. found.OrderByDescending(place => place.Answer).Take(count).Select(place => place.Patch)];
    }

    // x = sigmoid(colors · irfft(waves · scale)), in 0 … 1
    private static Tensor Paint(Tensor waves, Tensor scale, Tensor colors, int side)
    {
        var spectrum = torch.complex(waves[.., .., .., .., 0] * scale, waves[.., .., .., .., 1] * scale);
        var pixels = fft.irfft2(spectrum, [side, side], [2, 3], FFTNormType.Ortho);
        return einsum("oc,bchw->bohw", colors / 0.27f, pixels).sigmoid();
    }

    // A wave's part is 1/f: long waves move first, as they are strong in photographs.
    private static Tensor WaveScale(int side)
    {
        var across = arange(side / 2 + 1, dtype: float32) / side;
        var down = arange(side, dtype: float32) / side;
        down = minimum(down, 1 - down);
        return (across.view(1, -1).square() + down.view(-1, 1).square()).sqrt().clamp_min(1.0 / side).reciprocal();
    }

    private static void CheckChannels(FeatureNetwork network, string layer, IReadOnlyList<int> channels, long count)
    {
        foreach (var channel in channels)
            if (channel < 0 || channel >= count) throw new CourseException($"Layer {layer} of {network.Name} has the channels 0 to {count - 1}, and no {channel}.");
    }
}
