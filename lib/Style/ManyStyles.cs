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
    /// <summary>Paints the content picture in several styles.</summary>
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
        using var scope = NewDisposeScope();
        using var prepared = new PreparedTransfer(content, styles, network, options ?? new());
        return prepared.Paint(progress, cancellation);
    }

    /// <summary>Says what a run would take, before it starts: measures two steps on a small copy and counts the rest.</summary>
    /// <inheritdoc cref="Run"/>
    public static StyleForecast Forecast(
        Picture content, IReadOnlyList<StyleSource> styles, FeatureNetwork network, StyleTransferOptions? options = null)
    {
        using var scope = NewDisposeScope();
        using var prepared = new PreparedTransfer(content, styles, network, options ?? new());
        return prepared.Forecast();
    }
}
