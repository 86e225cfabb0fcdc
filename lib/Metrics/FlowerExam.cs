using ImageGen.Data;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>What an exam says of one model, each figure with its sample size and interval.</summary>
/// <param name="Model">Whose pictures these are.</param>
/// <param name="ClipScore">How well they fit their captions, on the network's own scale.</param>
/// <param name="RPrecision">How often a picture's caption is found among wrong ones.</param>
/// <param name="Attributes">What a judge sees of what the captions name.</param>
/// <param name="Frechet">How far their cloud of features is from that of real pictures.</param>
/// <param name="Kernel">The same by the kernel distance.</param>
public sealed record Scorecard(string Model, Estimate ClipScore, Estimate RPrecision, AttributeAccuracy Attributes, Estimate Frechet, Estimate Kernel)
{
    /// <summary>The figures without their intervals, in one line.</summary>
    public string Short => FormattableString.Invariant(
        $"{Model}: CLIP {ClipScore.Value:0.0}, R-precision {RPrecision.Value:0.00}, attributes {Attributes.All?.Value:0.00}, Fréchet {Frechet.Value:0.000}, kernel {Kernel.Value:0.0000}");

    /// <summary>A line for each figure, with its interval.</summary>
    public override string ToString() => $"""
        {Model}
          CLIP score   {ClipScore}
          R-precision  {RPrecision}
          {Attributes.ToString().ReplaceLineEndings("\n  ")}
          Fréchet      {Frechet}
          kernel       {Kernel}
        """;
}

/// <summary>
/// An exam for models that draw flowers: captions to draw, and what is true of each; then all of the course's measures
/// on what was drawn. The same captions and the same real pictures for everybody.
/// </summary>
public sealed class FlowerExam
{
    private readonly Petals petals;
    private readonly FlowerJudge judge;
    private readonly MeasuringNetworks networks;
    private readonly FlowerCaption[] captions;
    private Tensor? texts, real; // the same for every model: looked at once

    /// <summary>Prepares an exam.</summary>
    /// <param name="split"><see cref="Split.Test"/>, or <see cref="Split.HeldOut"/> for combinations that training never shows.</param>
    /// <param name="count">Captions to draw; as many real pictures are compared with. 2 or more; nothing means as many as the scale asks for.</param>
    /// <param name="wording">The captions' words.</param>
    /// <param name="networks">What measures; this machine's own when not given.</param>
    /// <param name="judge">Reads attributes; the course's when not given.</param>
    /// <exception cref="CourseException">There are too few captions, or a checkpoint is missing.</exception>
    public FlowerExam(Split split, int? count = null, Wording wording = Wording.Usual, MeasuringNetworks? networks = null, FlowerJudge? judge = null)
    {
        Count = count ?? Scales.Pick(60, 500, 2048);
        if (Count < 2) throw new CourseException($"An exam cannot have {Count} captions: count must be 2 or more.");
        petals = new(split, 2 * Count);
        this.networks = networks ?? MeasuringNetworks.Default();
        this.judge = judge ?? FlowerJudge.Pretrained();
        captions = [.. Enumerable.Range(0, Count).Select(i => petals.Descriptions(i, wording)[0])];
        Captions = [.. captions.Select(caption => caption.Text)];
    }

    /// <summary>How many captions there are.</summary>
    public int Count { get; }

    /// <summary>What is to be drawn.</summary>
    public IReadOnlyList<string> Captions { get; }

    /// <summary>Which networks measure.</summary>
    public string Reason => networks.Reason;

    /// <summary>The real pictures that belong to the captions, <c>[Count, 3, 64, 64]</c> in [−1, 1]: a perfect answer.</summary>
    public Tensor Answers() => PictureTensors.Of(petals, Count);

    /// <summary>Other real pictures of the same kinds, which the distances compare with.</summary>
    public Tensor Reference() => PictureTensors.Of(petals, Count, first: Count);

    /// <summary>Measures a model.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="pictures">What it drew for <see cref="Captions"/>, one each, <c>[Count, 3, 64, 64]</c> in [−1, 1].</param>
    /// <exception cref="CourseException">There is not one picture for each caption.</exception>
    public Scorecard Grade(string model, Tensor pictures)
    {
        if (pictures.dim() != 4 || pictures.shape[0] != Count)
            throw new CourseException($"The exam has {Count} captions and takes as many pictures [{Count}, 3, 64, 64]; {model} gave [{string.Join(", ", pictures.shape)}].");
        using var scope = NewDisposeScope();
        var (drawn, made) = (InBatches.Pictures(networks.Fit, pictures), InBatches.Features(networks.Look, pictures));
        texts ??= InBatches.Texts(networks.Fit, Captions).DetachFromDisposeScope();
        real ??= InBatches.Features(networks.Look, Reference()).DetachFromDisposeScope();
        var fit = (drawn * texts).sum(1).to(ScalarType.Float64).cpu().data<double>().ToArray();
        FlowerAttributes[] truth = [.. Enumerable.Range(0, Count).Select(petals.Attributes)];
        return new(model,
            Estimate.OfMean([.. fit.Select(cosine => networks.Fit.LogitScale * cosine)]),
            RPrecision.Of(drawn, texts, Math.Min(100, Count / 2), alsoFits: (caption, picture) => captions[caption].Fits(truth[picture])),
            AttributeAccuracy.Of(judge.Read(pictures), [.. captions.Select(caption => caption.Says)]),
            FrechetDistance.Of(made, real, Resamples),
            KernelDistance.Of(made, real));
    }

    // Each takes the roots of matrices as wide as the features, always on the CPU: with Inception's 2,048 that is many seconds.
    private int Resamples => networks.Look.Width switch
    {
        > 1000 => Scales.Pick(2, 5, 20),
        > 300 => Scales.Pick(5, 10, 50), // ResNet-18's 512
        _ => Scales.Pick(5, 40, 100),
    };
}
