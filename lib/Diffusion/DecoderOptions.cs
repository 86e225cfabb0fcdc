using ImageGen.Runtime;

namespace ImageGen.Diffusion;

/// <summary>How the decoder of a trained autoencoder learns on.</summary>
public sealed record DecoderOptions
{
    /// <summary>Steps, at least 1.</summary>
    public int Steps { get; init; } = 28000;

    /// <summary>Pictures a step, at least 1.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>
    /// The decoder's highest rate: it rises over <see cref="WarmUp"/> steps and falls along a cosine.
    /// </summary>
    public double LearningRate { get; init; } = 6e-4;

    /// <summary>
    /// The discriminator's highest rate, which rises and falls in the same way, but not below a tenth.
    /// </summary>
    public double DiscriminatorRate { get; init; } = 6e-4;

    /// <summary>Steps in which the rates rise.</summary>
    public int WarmUp { get; init; } = 100;

    /// <summary>Weight of the differences between neighboring pixels.</summary>
    public double EdgeWeight { get; init; } = 0.5;

    /// <summary>
    /// Weight of the distance between the discriminator's maps of the made picture and of the real one.
    /// </summary>
    public double FeatureWeight { get; init; } = 0.1;

    /// <summary>
    /// Weight of what the discriminator says; 0 leaves it out. With too much of it pictures come back wrong, if sharp.
    /// </summary>
    public double AdversarialWeight { get; init; } = 0.02;

    /// <summary>
    /// The first steps, in which the discriminator learns and is not asked yet: what it says before means nothing.
    /// </summary>
    public int AdversarialFrom { get; init; } = 400;

    /// <summary>Steps after these in which <see cref="AdversarialWeight"/> rises from 0.</summary>
    public int AdversarialWarmUp { get; init; } = 200;

    /// <summary>
    /// The most noise that is put on the latents, which have a deviation of 1; each picture gets a share of it by
    /// chance. So the decoder learns to draw from latents that are not quite right, as a diffusion model's are not.
    /// </summary>
    public double LatentNoise { get; init; } = 0.08;

    /// <summary>The decay of the averaged weights.</summary>
    public double Decay { get; init; } = 0.998;

    /// <summary>The seed of its random numbers.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>A file for the state, saved every <see cref="SaveEvery"/> steps; null keeps none.</summary>
    public string? StateFile { get; init; }

    /// <summary>Steps between two saves.</summary>
    public int SaveEvery { get; init; } = 500;

    /// <summary>Steps between two sample pictures; 0 makes none.</summary>
    public int SampleEvery { get; init; } = 500;

    /// <summary>Whether to go on from <see cref="StateFile"/>.</summary>
    public bool Resume { get; init; }

    internal void Check()
    {
        (string, int)[] counts =
        [
            (nameof(Steps), Steps), (nameof(BatchSize), BatchSize), (nameof(SaveEvery), SaveEvery),
            (nameof(AdversarialWarmUp), AdversarialWarmUp),
        ];
        (string, double)[] rates =
            [(nameof(LearningRate), LearningRate), (nameof(DiscriminatorRate), DiscriminatorRate)];
        (string, double)[] weights =
        [
            (nameof(EdgeWeight), EdgeWeight), (nameof(FeatureWeight), FeatureWeight),
            (nameof(AdversarialWeight), AdversarialWeight), (nameof(LatentNoise), LatentNoise),
        ];
        foreach (var (name, count) in counts)
            if (count < 1) throw new CourseException($"{name} is {count}: it must be at least 1.");
        foreach (var (name, rate) in rates)
            if (rate is not (> 0 and < 1))
                throw new CourseException($"{name} is {rate}: it must be above 0 and below 1.");
        foreach (var (name, weight) in weights)
            if (weight is not (>= 0 and < 1e6)) throw new CourseException($"{name} is {weight}: it must be 0 or more.");
    }
}
