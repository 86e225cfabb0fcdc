using System.Diagnostics;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>Both pictures in their sizes and colors, and the losses at every level. Its tensors belong to the caller's dispose scope.</summary>
internal sealed class PreparedTransfer
{
    private readonly FeatureNetwork network;
    private readonly StyleTransferOptions options;
    private readonly Tensor content, style;

    /// <exception cref="CourseException">An option is out of range, a layer unknown, or a picture too small or too thin.</exception>
    public PreparedTransfer(Picture contentPicture, Picture stylePicture, FeatureNetwork network, StyleTransferOptions options)
    {
        (this.network, this.options) = (network, options);
        options.Check();
        network.CheckLayers([.. options.StyleLayers ?? [], .. options.ContentLayers ?? []]);
        var size = StyleTransfer.Fit(contentPicture, options.Size, network, "content");
        var styleSize = StyleTransfer.Fit(stylePicture, (int)(options.Size * options.StyleScale), network, "style");
        Plan = new(network, options, size, styleSize);

        content = Resampler.Resize(contentPicture.ToTensor().to(network.Device), size.Height, size.Width).clamp(0, 1);
        style = Resampler.Resize(stylePicture.ToTensor().to(network.Device), styleSize.Height, styleSize.Width).clamp(0, 1);
        if (options.Colors == StyleColors.FromStyle) content = ColorMatching.Apply(content, options.Statistic.Recolor(style));
        if (options.Colors == StyleColors.FromContent) style = ColorMatching.Apply(style, content);
    }

    public StylePlan Plan { get; }

    /// <summary>The run, before its first step.</summary>
    public CoarseToFine Begin() => new(Start(), Plan.Levels, LossAt, options.Optimizer, options.LearningRate);

    /// <summary>What one evaluation of the losses and their gradient takes for each pixel, on a small copy.</summary>
    public double SecondsPerPixel()
    {
        using var scope = NewDisposeScope();
        var last = Plan.Levels[^1];
        var factor = Math.Min(1, Math.Max(192.0 / Math.Max(last.Height, last.Width), network.MinimumSize * 1.5 / Math.Min(last.Height, last.Width)));
        var level = new Level((int)(last.Height * factor), (int)(last.Width * factor), 1);
        using var loss = WholeLossAt(level);
        var picture = Resampler.Resize(content, level.Height, level.Width).clone().requires_grad_();
        Evaluate();
        var clock = Stopwatch.StartNew();
        Evaluate();
        Evaluate();
        return clock.Elapsed.TotalSeconds / 2 / level.Height / level.Width;

        void Evaluate()
        {
            using var pass = NewDisposeScope();
            autograd.grad([loss.Of(picture)[0]], [picture])[0].sum().ToDouble();
        }
    }

    private TotalLoss LossAt(Level level) => Plan.TilingOf(level) is { } tiling ? TiledLossAt(level, tiling) : WholeLossAt(level);

    private TotalLoss WholeLossAt(Level level)
    {
        using var scope = NewDisposeScope();
        var (smaller, smallerStyle) = At(level);
        return new TotalLoss(network,
            new ContentLoss(network, smaller, options.ContentLayers, options.ContentWeight),
            new StyleLoss(network, smallerStyle, options.Statistic, options.StyleLayers, options.StyleWeight),
            new TotalVariation(options.SmoothnessWeight), new RangePenalty(30));
    }

    private TiledLoss TiledLossAt(Level level, Tiling tiling)
    {
        using var scope = NewDisposeScope();
        var (smaller, smallerStyle) = At(level);
        return new TiledLoss(network, tiling,
            new ContentLoss(network, smaller, tiling, options.ContentLayers, options.ContentWeight),
            new StyleLoss(network, smallerStyle, Plan.StyleTilingOf(level), options.Statistic, options.StyleLayers, options.StyleWeight),
            new TotalVariation(options.SmoothnessWeight), new RangePenalty(30));
    }

    private (Tensor Content, Tensor Style) At(Level level)
    {
        var (height, width) = Plan.StyleAt(level);
        return (Resampler.Resize(content, level.Height, level.Width), Resampler.Resize(style, height, width));
    }

    private Tensor Start()
    {
        switch (options.Start)
        {
            case StyleStart.Noise:
                using (var generator = new Generator((ulong)options.Seed))
                    return StyleTransfer.Noise(style, generator, content.size(2), content.size(3));
            case StyleStart.Style:
                return Resampler.Resize(style, content.size(2), content.size(3));
            default:
                return content;
        }
    }
}
