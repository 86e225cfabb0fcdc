using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>A finished picture and how it came about.</summary>
/// <param name="Picture">The picture.</param>
/// <param name="Losses">Every step's losses, each times its weight.</param>
/// <param name="Elapsed">Time from the first step to the last.</param>
/// <param name="Cancelled">Whether it was stopped early; the picture is then what there was.</param>
/// <param name="Network">The feature network's <see cref="FeatureNetwork.Description"/>.</param>
public sealed record StyleTransferResult(Picture Picture, LossHistory Losses, TimeSpan Elapsed, bool Cancelled, string Network)
{
    internal static StyleTransferResult Of((Picture Picture, LoopResult Loop) made, FeatureNetwork network) =>
        new(made.Picture, made.Loop.Losses, made.Loop.Elapsed, made.Loop.Cancelled, network.Description);
}

/// <summary>
/// Neural style transfer by optimization (Gatys, Ecker and Bethge, "Image style transfer using convolutional neural
/// networks", CVPR 2016): finds the pixels whose feature maps are the content picture's, and whose statistics are the
/// style picture's.
/// </summary>
public static class StyleTransfer
{
    /// <summary>Paints the content picture in the style of the other.</summary>
    /// <param name="content">What to show; any size, it is scaled so that the longer side is <see cref="StyleTransferOptions.Size"/>.</param>
    /// <param name="style">How to show it; any size.</param>
    /// <param name="network">The feature network; stays the caller's.</param>
    /// <param name="options">Settings; the defaults fit the current scale.</param>
    /// <param name="progress">Who watches: at most two reports a second, and the first and last step.</param>
    /// <param name="cancellation">Ends the run with what there is.</param>
    /// <exception cref="CourseException">An option is out of range, a layer unknown, or a picture too small or too thin.</exception>
    public static StyleTransferResult Run(
        Picture content, Picture style, FeatureNetwork network, StyleTransferOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default) =>
        ManyStyles.Run(content, [new(style)], network, options, progress, cancellation);

    /// <summary>Says what a run would take, before it starts: measures two steps on a small copy and counts the rest.</summary>
    /// <inheritdoc cref="Run"/>
    public static StyleForecast Forecast(Picture content, Picture style, FeatureNetwork network, StyleTransferOptions? options = null) =>
        ManyStyles.Forecast(content, [new(style)], network, options);

    /// <summary>Height and width with the longer side at <paramref name="size"/>.</summary>
    internal static (int Height, int Width) Fit(Picture picture, int size, FeatureNetwork network, string role)
    {
        var factor = (double)size / Math.Max(picture.Width, picture.Height);
        int height = (int)Math.Round(picture.Height * factor), width = (int)Math.Round(picture.Width * factor);
        if (Math.Min(picture.Width, picture.Height) < 8)
            throw new CourseException($"The {role} picture has {picture.Width}×{picture.Height} pixels, too few to see anything in; take one of at least 8×8.");
        if (Math.Min(height, width) < network.MinimumSize)
            throw new CourseException($"The {role} picture of {picture.Width}×{picture.Height} pixels becomes {width}×{height} at size {size}, and {network.Name} needs {network.MinimumSize} on each side; crop it or raise Size.");
        return (height, width);
    }

    /// <summary>Independent normal pixels with the mean and spread of each channel of a picture.</summary>
    internal static Tensor Noise(Tensor like, Generator generator, long height, long width)
    {
        using var scope = NewDisposeScope();
        var mean = like.mean([2, 3], keepdim: true);
        var spread = (like - mean).square().mean([2, 3], keepdim: true).sqrt();
        var noise = randn([1, 3, height, width], generator: generator).to(like.device);
        return (noise * spread + mean).clamp(0, 1).MoveToOuterDisposeScope();
    }
}
