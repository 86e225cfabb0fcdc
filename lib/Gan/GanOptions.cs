using ImageGen.Runtime;

namespace ImageGen.Gan;

/// <summary>
/// How a GAN is trained. The defaults are the published recipe's (aelnouby's text-to-image GAN: cross entropy, feature
/// matching and L1), with wrong texts; a weight of 0 switches its part off.
/// </summary>
public sealed record GanOptions
{
    /// <summary>Pictures a step: 2 or more, since batch normalization compares them.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Adam's rate for the generator: above 0, to 0.1.</summary>
    public double GeneratorRate { get; init; } = 2e-4;

    /// <summary>Adam's rate for the discriminator: above 0, to 0.1.</summary>
    public double DiscriminatorRate { get; init; } = 2e-4;

    /// <summary>Adam's memory of past gradients, 0 to less than 1.</summary>
    public double Beta1 { get; init; } = 0.5;

    /// <summary>Adam's memory of past squares, 0 to less than 1.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>The game.</summary>
    public AdversarialLoss Loss { get; init; } = AdversarialLoss.CrossEntropy;

    /// <summary>What cross entropy calls real: 0.5 to 1.</summary>
    public double RealLabel { get; init; } = 0.9;

    /// <summary>How much a real picture with a wrong text counts in the discriminator's loss, beside 1 for right and 1 for fake.</summary>
    public double WrongTextWeight { get; init; } = 1;

    /// <summary>How much the distance of mean features counts in the generator's loss.</summary>
    public double FeatureMatchingWeight { get; init; } = 100;

    /// <summary>How much the pixels' distance from the caption's own picture counts in the generator's loss.</summary>
    public double L1Weight { get; init; } = 50;

    /// <summary>How much pictures of texts midway between two captions (GAN-INT) count in the generator's loss.</summary>
    public double InterpolationWeight { get; init; }

    /// <summary>How much the R1 gradient penalty counts in the discriminator's loss.</summary>
    public double GradientPenaltyWeight { get; init; }

    /// <summary>The penalty is computed at every so many-th step, and counts as much more there.</summary>
    public int GradientPenaltyEvery { get; init; } = 16;

    /// <summary>How much of the averaged generator stays at each step: 0 to less than 1.</summary>
    public double EmaDecay { get; init; } = 0.999;

    /// <summary>Where chance begins.</summary>
    public int Seed { get; init; } = Seeds.Default;
}
