using System.Diagnostics;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>All pictures in their sizes and colors, and the losses at every level. Its tensors belong to the caller's dispose scope.</summary>
internal sealed class PreparedTransfer : IDisposable
{
    private static readonly string[] LossNames = ["total", "content", "style", "smoothness", "range"];

    private readonly FeatureNetwork network;
    private readonly StyleTransferOptions options;
    private readonly IReadOnlyList<StyleSource> sources;
    private readonly StylePlan plan;
    private readonly Tensor content;
    private readonly Tensor[] styles;
    private readonly Region?[] regions;

    /// <exception cref="CourseException">An option, weight or mask is wrong, a layer unknown, or a picture too small or too thin.</exception>
    public PreparedTransfer(Picture contentPicture, IReadOnlyList<StyleSource> all, FeatureNetwork network, StyleTransferOptions options)
    {
        (this.network, this.options) = (network, options);
        options.Check();
        network.CheckLayers([.. options.StyleLayers ?? [], .. options.ContentLayers ?? []]);
        foreach (var source in all) source.Check(contentPicture, source.Statistic ?? options.Statistic);
        sources = [.. all.Where(source => source.Weight > 0)];
        if (sources.Count == 0) throw new CourseException("No style has a weight above 0; give at least one.");

        var size = StyleTransfer.Fit(contentPicture, options.Size, network, "content");
        var styleSizes = sources.Select(source => StyleTransfer.Fit(source.Picture, (int)(options.Size * options.StyleScale), network, "style")).ToList();
        plan = new(network, options, size, styleSizes, masks: sources.Count(source => source.Mask is not null));

        styles = [.. sources.Zip(styleSizes, (source, fit) => Pixels(source.Picture, fit))];
        regions = [.. sources.Select(source => source.Mask is { } mask ? new Region(mask, network.Device) : null)];
        content = MatchColors(Pixels(contentPicture, size));
    }

    /// <summary>Runs every step, or as many as there are before somebody cancels.</summary>
    public StyleTransferResult Paint(IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        using var run = new CoarseToFine(
            Start(), plan.Levels, level => LossAt(level, plan.TilingOf(level)), options.Optimizer, options.LearningRate);
        return StyleTransferResult.Of(run.Run(LossNames, progress, cancellation), network);
    }

    public StyleForecast Forecast()
    {
        var last = plan.Levels[^1];
        return new(SecondsPerPixel() * plan.Work, plan.Bytes / 1e9, plan.Tiles, last.Width, last.Height);
    }

    public void Dispose()
    {
        foreach (var region in regions) region?.Dispose();
    }

    // What one evaluation of the losses and their gradient takes for each pixel, on a small copy.
    private double SecondsPerPixel()
    {
        using var scope = NewDisposeScope();
        var last = plan.Levels[^1];
        var factor = Math.Min(1, Math.Max(192.0 / Math.Max(last.Height, last.Width), network.MinimumSize * 1.5 / Math.Min(last.Height, last.Width)));
        var level = new Level((int)(last.Height * factor), (int)(last.Width * factor), 1);
        using var loss = LossAt(level, tiling: null);
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

    private TotalLoss LossAt(Level level, Tiling? tiling)
    {
        using var scope = NewDisposeScope();
        var smaller = Resampler.Resize(content, level.Height, level.Width);
        var style = StyleLossAt(level, tiling);
        var (smooth, range) = (new TotalVariation(options.SmoothnessWeight), new RangePenalty(30));
        return tiling is null
            ? new TotalLoss(network, new ContentLoss(network, smaller, options.ContentLayers, options.ContentWeight), style, smooth, range)
            : new TiledLoss(network, tiling, new ContentLoss(network, smaller, tiling, options.ContentLayers, options.ContentWeight), style, smooth, range);
    }

    private ManyStylesLoss StyleLossAt(Level level, Tiling? tiling)
    {
        List<(StyleLoss, double, Region?)> parts = [];
        // A statistic may refuse the network's layers; nothing made before it must stay behind.
        var loss = new ManyStylesLoss(parts, options.StyleWeight, tiling);
        try
        {
            for (var i = 0; i < styles.Length; i++)
            {
                using var scope = NewDisposeScope();
                var (height, width) = plan.StyleAt(level, i);
                var style = Resampler.Resize(styles[i], height, width);
                var part = tiling is null ? new StyleLoss(network, style, Statistic(i), options.StyleLayers)
                    : new StyleLoss(network, style, plan.StyleTilingOf(level, i), Statistic(i), options.StyleLayers, weight: 1);
                parts.Add((part, sources[i].Weight, regions[i]));
            }
            return loss;
        }
        catch
        {
            loss.Dispose();
            throw;
        }
    }

    // Gives the content the styles' colors, or the styles the content's, each region for itself.
    private Tensor MatchColors(Tensor pixels)
    {
        if (options.Colors == StyleColors.FromContent)
            for (var i = 0; i < styles.Length; i++)
                styles[i] = ColorMatching.Apply(styles[i], regions[i]?.Of(pixels) ?? pixels);
        if (options.Colors != StyleColors.FromStyle) return pixels;

        var everywhere = Enumerable.Range(0, styles.Length).Where(i => regions[i] is null).ToArray();
        var total = everywhere.Sum(i => sources[i].Weight);
        var matched = total == 0 ? pixels : everywhere
            .Select(i => ColorMatching.Apply(pixels, Colors(i)) * (sources[i].Weight / total)).Aggregate((a, b) => a + b);
        for (var i = 0; i < styles.Length; i++)
            if (regions[i] is { } region) matched = region.Put(matched, ColorMatching.Apply(region.Of(pixels), Colors(i)));
        return matched;
    }

    private Tensor Start()
    {
        if (options.Start == StyleStart.Content) return content;
        if (options.Start == StyleStart.Style) return Resampler.Resize(styles[0], content.size(2), content.size(3));
        using var generator = new Generator((ulong)options.Seed);
        return StyleTransfer.Noise(styles[0], generator, content.size(2), content.size(3));
    }

    private StyleStatistic Statistic(int i) => sources[i].Statistic ?? options.Statistic;

    private Tensor Colors(int i) => Statistic(i).Recolor(styles[i]);

    private Tensor Pixels(Picture picture, (int Height, int Width) size) =>
        Resampler.Resize(picture.ToTensor().to(network.Device), size.Height, size.Width).clamp(0, 1);
}
