using ImageGen.Layers;
using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>
/// D(x, e): how much a picture looks real and fits its text, as one number, a logit. At full width and with the
/// published head it has the published table's 2,899,072 parameters.
/// </summary>
/// <remarks>The trunk sees the picture alone, so that its maps serve for several texts.</remarks>
public sealed class GanDiscriminator : NamedModule<Tensor, Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor>[] convolutions;
    private readonly BatchNorm2d?[] norms;
    private readonly TextCompression text;
    private readonly nn.Module<Tensor, Tensor> score;
    private readonly nn.Module<Tensor, Tensor>? joint;
    private readonly BatchNorm2d? jointNorm;
    private readonly Linear? project;

    /// <summary>Makes an untrained discriminator.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    /// <exception cref="CourseException">The configuration makes no network.</exception>
    public GanDiscriminator(GanConfig config, Device? device = null) : base(nameof(GanDiscriminator))
    {
        Config = config.Checked();
        var (width, batch) = (config.DiscriminatorWidth, config.Norm == DiscriminatorNorm.Batch);
        int[] channels = [3, width, 2 * width, 4 * width, 8 * width];
        convolutions = [.. Enumerable.Range(0, 4).Select(
            i => Convolution(channels[i], channels[i + 1], 4, stride: 2, padding: 1))];
        norms = [.. Enumerable.Range(0, 4).Select(
            i => batch && i > 0 ? nn.BatchNorm2d(channels[i + 1], device: device) : null)];
        for (var i = 0; i < 4; i++)
        {
            register_module($"conv{i + 1}", convolutions[i]);
            if (norms[i] is { } norm) register_module($"norm{i + 1}", norm);
        }
        register_module(
            "text", text = new TextCompression(config.TextWidth, config.TextCode, normalize: batch, device));
        var last = channels[4];
        switch (config.Matching)
        {
            case TextMatching.Sum:
                score = Convolution(last + config.TextCode, 1, 4);
                break;
            case TextMatching.Joint:
                register_module("joint", joint = Convolution(last + config.TextCode, last, 1));
                if (batch) register_module("joint_norm", jointNorm = nn.BatchNorm2d(last, device: device));
                score = Convolution(last, 1, 4);
                break;
            default:
                register_module("joint", joint = Convolution(last, last / 2, 4));
                register_module("project", project = nn.Linear(config.TextCode, last / 2, device: device));
                score = Convolution(last / 2, 1, 1);
                break;
        }
        register_module("score", score);
        GanWeights.Initialize(this);

        nn.Module<Tensor, Tensor> Convolution(int from, int to, int size, int stride = 1, int padding = 0) => batch
            ? nn.Conv2d(from, to, size, stride, padding, bias: false, device: device)
            : new SpectralConv2d(from, to, size, stride, padding, device);
    }

    /// <summary>Its configuration.</summary>
    public GanConfig Config { get; }

    /// <summary>The last maps of the trunk, <c>[B, 8·width, 4, 4]</c>, which know nothing of a text.</summary>
    /// <param name="pictures"><c>[B, 3, 64, 64]</c> in [−1, 1].</param>
    public Tensor Features(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var maps = pictures.LaidOut(true);
        for (var i = 0; i < convolutions.Length; i++) // [B, w, 32, 32], [B, 2w, 16, 16], [B, 4w, 8, 8], [B, 8w, 4, 4]
        {
            maps = convolutions[i].call(maps);
            if (norms[i] is { } norm) maps = norm.call(maps);
            maps = nn.functional.leaky_relu(maps, 0.2, inplace: true);
        }
        return maps.MoveToOuterDisposeScope();
    }

    /// <summary>Weighs maps of <see cref="Features"/> against texts.</summary>
    /// <param name="features"><c>[B, 8·width, 4, 4]</c>.</param>
    /// <param name="embedding">e, <c>[B, TextWidth]</c>.</param>
    /// <returns>Logits, <c>[B]</c>: above 0 for real and fitting.</returns>
    public Tensor Score(Tensor features, Tensor embedding)
    {
        using var scope = NewDisposeScope();
        var code = text.call(embedding);
        if (project is not null)
        {
            var pooled = Pool(features);                                     // [B, C, 1, 1]
            var product = (project.call(code) * pooled.flatten(1)).sum([1]); // W·e · φ(x)
            return (score.call(pooled).flatten() + product / Math.Sqrt(pooled.size(1))).MoveToOuterDisposeScope();
        }
        var beside = code.unsqueeze(-1).unsqueeze(-1).expand(-1, -1, features.size(2), features.size(3));
        var both = cat([features, beside], 1); // [B, 8w + TextCode, 4, 4]
        if (joint is not null)
        {
            both = joint.call(both);
            if (jointNorm is not null) both = jointNorm.call(both);
            both = nn.functional.leaky_relu(both, 0.2);
        }
        return score.call(both).flatten().MoveToOuterDisposeScope();
    }

    /// <summary>How well each picture and each text go together, by their product alone: <c>[B, N]</c>.</summary>
    /// <param name="features">Maps of B pictures, from <see cref="Features"/>.</param>
    /// <param name="embedding">N texts, <c>[N, TextWidth]</c>.</param>
    /// <exception cref="CourseException">
    /// The discriminator has no product: its matching is not <see cref="TextMatching.Projection"/>.
    /// </exception>
    public Tensor Pairs(Tensor features, Tensor embedding)
    {
        if (project is null)
            throw new CourseException("PairingWeight needs a discriminator with "
                + "TextMatching.Projection, and this one has "
                + $"{Config.Matching}: change one of the two.");
        using var scope = NewDisposeScope();
        var pooled = Pool(features).flatten(1);          // [B, C]
        var texts = project.call(text.call(embedding));  // [N, C]
        return (pooled.mm(texts.t()) / Math.Sqrt(pooled.size(1))).MoveToOuterDisposeScope();
    }

    /// <summary>Scores pictures with texts.</summary>
    /// <param name="pictures"><c>[B, 3, 64, 64]</c> in [−1, 1].</param>
    /// <param name="embedding">e, <c>[B, TextWidth]</c>.</param>
    /// <returns>Logits, <c>[B]</c>.</returns>
    public override Tensor forward(Tensor pictures, Tensor embedding)
    {
        using var features = Features(pictures);
        return Score(features, embedding);
    }

    // One convolution over all of the last maps, [B, C, 1, 1].
    private Tensor Pool(Tensor features)
    {
        using var scope = NewDisposeScope();
        return nn.functional.leaky_relu(joint!.call(features), 0.2).MoveToOuterDisposeScope();
    }
}
