using ImageGen.Runtime;
using ImageGen.Training;

namespace ImageGen.Diffusion;

/// <summary>How a U-Net learns.</summary>
public sealed record DiffusionOptions
{
    /// <summary>Steps, at least 1.</summary>
    public int Steps { get; init; } = 4000;

    /// <summary>Pictures a part of a step, at least 1.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Parts of a step: their gradients are added up, as if the batch were that many times larger.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>The highest rate: it rises over <see cref="WarmUp"/> steps and falls along a cosine.</summary>
    public double LearningRate { get; init; } = 1.5e-3;

    /// <summary>Steps in which the rate rises.</summary>
    public int WarmUp { get; init; } = 100;

    /// <summary>
    /// The probability that a caption is left out, so that the model learns to do without: what guidance needs.
    /// </summary>
    public double CaptionDropout { get; init; } = 0.1;

    /// <summary>γ of the min-SNR weights; null weighs all timesteps alike.</summary>
    public double? MinSnrGamma { get; init; }

    /// <summary>
    /// Whether a copy in bfloat16 computes for a U-Net of float32: see <see cref="Training.MixedPrecision"/>. Of use
    /// where <see cref="Compute.HasBFloat16"/>; elsewhere it is slower.
    /// </summary>
    public bool MixedPrecision { get; init; }

    /// <summary>The decay of the averaged weights.</summary>
    public double Decay { get; init; } = 0.998;

    /// <summary>The seed of its random numbers.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>Captions for sample pictures, always from the same noise; none makes no samples.</summary>
    public IReadOnlyList<string> SampleCaptions { get; init; } = [];

    /// <summary>Steps between two samples.</summary>
    public int SampleEvery { get; init; } = 250;

    /// <summary>
    /// A file for the state, saved every <see cref="SaveEvery"/> steps; when null, the lesson's that runs at full
    /// scale, or none.
    /// </summary>
    public string? StateFile { get; init; }

    /// <summary>Steps between two saves.</summary>
    public int SaveEvery { get; init; } = 100;

    /// <summary>Whether to go on from <see cref="StateFile"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>
    /// What the loss is multiplied by at first where the model is Float16. Tests begin with too much, to see an
    /// overflow.
    /// </summary>
    internal double FirstLossScale { get; init; } = LossScaler.First;

    internal void Check()
    {
        (string, int)[] counts =
        [
            (nameof(Steps), Steps), (nameof(BatchSize), BatchSize), (nameof(Accumulate), Accumulate),
            (nameof(SampleEvery), SampleEvery), (nameof(SaveEvery), SaveEvery),
        ];
        foreach (var (name, value) in counts)
            if (value < 1) throw new CourseException($"{name} is {value}: it must be at least 1.");
        if (LearningRate is not (> 0 and < 1))
            throw new CourseException($"LearningRate is {LearningRate}: it must be above 0 and below 1.");
        if (CaptionDropout is not (>= 0 and <= 1))
            throw new CourseException($"CaptionDropout is {CaptionDropout}: it must be from 0 to 1.");
        if (MinSnrGamma is not (null or > 0))
            throw new CourseException($"MinSnrGamma is {MinSnrGamma}: it must be above 0, 5 is usual, or null for "
                + $"none.");
    }
}
