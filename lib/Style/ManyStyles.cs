using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Style;

/// <summary>
/// Style transfer from several style pictures: mixed all over the picture, or each in its own region (Gatys and others,
/// "Controlling perceptual factors in neural style transfer", arXiv 1611.07865).
/// </summary>
public static class ManyStyles
{
    private static readonly string[] LossNames = ["total", "content", "style", "smoothness", "range"];

    /// <summary>
    /// Paints the content picture in several styles. The picture is taken whole:
    /// <see cref="StyleTransferOptions.MemoryBudget"/> does not apply.
    /// </summary>
    /// <param name="content">What to show; any size.</param>
    /// <param name="styles">The style pictures, with weights and masks.</param>
    /// <param name="network">The feature network; stays the caller's.</param>
    /// <param name="options">Settings; the defaults fit the current scale.</param>
    /// <param name="progress">Who watches.</param>
    /// <param name="cancellation">Ends the run with what there is.</param>
    /// <exception cref="CourseException">An option, weight or mask is wrong, or a picture too small or too thin.</exception>
    public static StyleTransferResult Run(
        Picture content, IReadOnlyList<StyleSource> styles, FeatureNetwork network, StyleTransferOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        options.Check();
        network.CheckLayers([.. options.StyleLayers ?? [], .. options.ContentLayers ?? []]);
        foreach (var style in styles) style.Check(content, style.Statistic ?? options.Statistic);
        if (!styles.Any(style => style.Weight > 0)) throw new CourseException("No style has a weight above 0; give at least one.");
        var (height, width) = StyleTransfer.Fit(content, options.Size, network, "content");

        using var scope = NewDisposeScope();
        using var painter = new Painter([.. styles.Where(style => style.Weight > 0)], network, options);
        var pixels = painter.MatchColors(Resampler.Resize(content.ToTensor().to(network.Device), height, width).clamp(0, 1));
        var levels = CoarseToFine.Plan(height, width, options.Steps, options.Levels, network.MinimumSize * 3 / 2);
        using var run = new CoarseToFine(
            painter.Start(pixels), levels, level => painter.LossAt(pixels, level), options.Optimizer, options.LearningRate);
        var (picture, loop) = run.Run(LossNames, progress, cancellation);
        return new(picture, loop.Losses, loop.Elapsed, loop.Cancelled, network.Description);
    }

    private sealed class Painter : IDisposable
    {
        private readonly IReadOnlyList<StyleSource> sources;
        private readonly FeatureNetwork network;
        private readonly StyleTransferOptions options;
        private readonly Tensor[] styles;
        private readonly Region?[] regions;

        public Painter(IReadOnlyList<StyleSource> sources, FeatureNetwork network, StyleTransferOptions options)
        {
            (this.sources, this.network, this.options) = (sources, network, options);
            styles = [.. sources.Select(Load)];
            regions = [.. sources.Select(source => source.Mask is { } mask ? new Region(mask, network.Device) : null)];
        }

        /// <summary>Gives the content the styles' colors, or the styles the content's, each region for itself.</summary>
        public Tensor MatchColors(Tensor content)
        {
            if (options.Colors == StyleColors.FromContent)
                for (var i = 0; i < styles.Length; i++)
                    styles[i] = ColorMatching.Apply(styles[i], regions[i]?.Of(content) ?? content);
            if (options.Colors != StyleColors.FromStyle) return content;

            var everywhere = Enumerable.Range(0, styles.Length).Where(i => regions[i] is null).ToArray();
            var total = everywhere.Sum(i => sources[i].Weight);
            var matched = total == 0 ? content : everywhere
                .Select(i => ColorMatching.Apply(content, Colors(i)) * (sources[i].Weight / total)).Aggregate((a, b) => a + b);
            for (var i = 0; i < styles.Length; i++)
                if (regions[i] is { } region) matched = region.Put(matched, ColorMatching.Apply(region.Of(content), Colors(i)));
            return matched;
        }

        public Tensor Start(Tensor content)
        {
            if (options.Start == StyleStart.Content) return content;
            if (options.Start == StyleStart.Style) return Resampler.Resize(styles[0], content.size(2), content.size(3));
            using var generator = new Generator((ulong)options.Seed);
            return StyleTransfer.Noise(styles[0], generator, content.size(2), content.size(3));
        }

        public TotalLoss LossAt(Tensor content, Level level)
        {
            using var scope = NewDisposeScope();
            var smaller = Resampler.Resize(content, level.Height, level.Width);
            var factor = (double)level.Width / content.size(3);
            var least = network.MinimumSize;
            List<(StyleLoss, double, Region?)> parts = [];
            // A statistic may refuse the network's layers; nothing made before it must stay behind.
            var styleLoss = new ManyStylesLoss(parts, options.StyleWeight);
            try
            {
                for (var i = 0; i < styles.Length; i++)
                {
                    var style = Resampler.Resize(styles[i],
                        Math.Max(least, (int)(styles[i].size(2) * factor)), Math.Max(least, (int)(styles[i].size(3) * factor)));
                    parts.Add((new(network, style, Statistic(i), options.StyleLayers), sources[i].Weight, regions[i]));
                }
            }
            catch
            {
                styleLoss.Dispose();
                throw;
            }
            return new TotalLoss(network,
                new ContentLoss(network, smaller, options.ContentLayers, options.ContentWeight),
                styleLoss,
                new TotalVariation(options.SmoothnessWeight),
                new RangePenalty(30));
        }

        public void Dispose()
        {
            foreach (var region in regions) region?.Dispose();
        }

        private StyleStatistic Statistic(int i) => sources[i].Statistic ?? options.Statistic;

        private Tensor Colors(int i) => Statistic(i).Recolor(styles[i]);

        private Tensor Load(StyleSource source)
        {
            var (height, width) = StyleTransfer.Fit(source.Picture, (int)(options.Size * options.StyleScale), network, "style");
            return Resampler.Resize(source.Picture.ToTensor().to(network.Device), height, width).clamp(0, 1);
        }
    }
}

/// <summary>The weighted sum of several style losses, each over its own region.</summary>
internal sealed class ManyStylesLoss(
    IReadOnlyList<(StyleLoss Loss, double Weight, Region? Region)> parts, double weight) : LossTerm("style", weight)
{
    public override IReadOnlyList<string> Layers => [.. parts.SelectMany(part => part.Loss.Layers).Distinct()];

    public override Tensor Of(Tensor picture, FeatureMaps features)
    {
        using var scope = NewDisposeScope();
        return stack(parts.Select(part => part.Weight
            * part.Loss.Of(picture, part.Region?.Of(features, part.Loss.Layers) ?? features))).sum().MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        foreach (var part in parts) part.Loss.Dispose();
        base.Dispose();
    }
}
