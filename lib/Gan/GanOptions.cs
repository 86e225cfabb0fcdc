using ImageGen.Runtime;

namespace ImageGen.Gan;

/// <summary>
/// How a GAN is trained. The defaults are the published recipe's (aelnouby's text-to-image GAN: cross entropy, feature
/// matching and L1), with wrong texts; a weight of 0 switches its part off.
/// </summary>
public sealed record GanOptions
{
    /// <summary>What the course's own checkpoints were trained with.</summary>
    public static GanOptions Petals => new()
    {
        BatchSize = 32, GeneratorRate = 5e-4, DiscriminatorRate = 3e-4, PairingWeight = 2, WrongTexts = 4,
        FeatureMatchingWeight =
            20, L1Weight = 20, L1Fade = 800, DiversityWeight = 10, GradientPenaltyWeight = 2, EmaDecay = 0.998,
    };

    /// <summary>Steps in all: the generator's rate falls along half a cosine to a tenth on the way.</summary>
    public int Steps { get; init; } = Scales.Pick(smoke: 10, small: 100, full: 20_000);

    /// <summary>Pictures a step: 2 or more, since batch normalization compares them.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Adam's rate for the generator: above 0, to 0.1.</summary>
    public double GeneratorRate { get; init; } = 2e-4;

    /// <summary>
    /// Adam's rate for the discriminator: above 0, to 0.1. It does not fall: what is hard to see, such as the shape of
    /// petals, it learns late, and the generator from it.
    /// </summary>
    public double DiscriminatorRate { get; init; } = 2e-4;

    /// <summary>Adam's memory of past gradients, 0 to less than 1.</summary>
    public double Beta1 { get; init; } = 0.5;

    /// <summary>Adam's memory of past squares, 0 to less than 1.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>The game.</summary>
    public AdversarialLoss Loss { get; init; } = AdversarialLoss.CrossEntropy;

    /// <summary>What cross entropy calls real: 0.5 to 1.</summary>
    public double RealLabel { get; init; } = 0.9;

    /// <summary>
    /// How much a real picture with a wrong text counts in the discriminator's loss, beside 1 for right and 1 for fake.
    /// </summary>
    public double WrongTextWeight { get; init; } = 1;

    /// <summary>
    /// How much it counts, for both networks, to tell a picture's own text from all others of the batch by their
    /// product (XMC-GAN, arXiv 2101.04702). Needs <see cref="TextMatching.Projection"/>.
    /// </summary>
    public double PairingWeight { get; init; }

    /// <summary>
    /// Wrong texts made for each picture, 1 to 16: pairing compares with all of them, the score with the first. The
    /// batch's other texts mostly differ in color, so only these teach what is harder to see.
    /// </summary>
    public int WrongTexts { get; init; } = 1;

    /// <summary>How much the distance of mean features counts in the generator's loss.</summary>
    public double FeatureMatchingWeight { get; init; } = 100;

    /// <summary>How much the pixels' distance from the caption's own picture counts in the generator's loss.</summary>
    public double L1Weight { get; init; } = 50;

    /// <summary>
    /// The pixels' weight falls in a straight line to nothing over so many steps; 0 keeps it: it is a help to begin
    /// with, and blurs in the end.
    /// </summary>
    public int L1Fade { get; init; }

    /// <summary>
    /// How much it counts that two noises give two pictures of one caption (diversity-sensitive GAN, arXiv 1901.09024):
    /// without it a generator with a rich text may forget its noise.
    /// </summary>
    public double DiversityWeight { get; init; }

    /// <summary>
    /// The difference of two pictures in squares of 8×8 pixels, over that of their noises, that is enough: above 0, to
    /// 2. Two flowers that Petals draws from one description differ by 0.094; asked for more, a generator pays in
    /// speckles.
    /// </summary>
    public double Diversity { get; init; } = 0.09;

    /// <summary>
    /// How much pictures of texts midway between two captions (GAN-INT) count in the generator's loss.
    /// </summary>
    public double InterpolationWeight { get; init; }

    /// <summary>How much the R1 gradient penalty counts in the discriminator's loss.</summary>
    public double GradientPenaltyWeight { get; init; }

    /// <summary>The penalty is computed at every so many-th step, and counts as much more there.</summary>
    public int GradientPenaltyEvery { get; init; } = 16;

    /// <summary>How much of the averaged generator stays at each step: 0 to less than 1.</summary>
    public double EmaDecay { get; init; } = 0.999;

    /// <summary>The seed of its random numbers.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>Checks every value.</summary>
    /// <exception cref="CourseException">One is out of range; the message names it.</exception>
    public GanOptions Checked()
    {
        Within(Steps, 1, 10_000_000, nameof(Steps));
        Within(BatchSize, 2, 4096, nameof(BatchSize));
        Within(GeneratorRate, 1e-8, 0.1, nameof(GeneratorRate));
        Within(DiscriminatorRate, 1e-8, 0.1, nameof(DiscriminatorRate));
        Within(Beta1, 0, 0.9999, nameof(Beta1));
        Within(Beta2, 0, 0.99999, nameof(Beta2));
        Within(RealLabel, 0.5, 1, nameof(RealLabel));
        Within(WrongTextWeight, 0, 1e6, nameof(WrongTextWeight));
        Within(PairingWeight, 0, 1e6, nameof(PairingWeight));
        Within(WrongTexts, 1, 16, nameof(WrongTexts));
        Within(FeatureMatchingWeight, 0, 1e6, nameof(FeatureMatchingWeight));
        Within(L1Weight, 0, 1e6, nameof(L1Weight));
        Within(L1Fade, 0, 10_000_000, nameof(L1Fade));
        Within(DiversityWeight, 0, 1e6, nameof(DiversityWeight));
        Within(Diversity, 1e-3, 2, nameof(Diversity));
        Within(InterpolationWeight, 0, 1e6, nameof(InterpolationWeight));
        Within(GradientPenaltyWeight, 0, 1e6, nameof(GradientPenaltyWeight));
        Within(GradientPenaltyEvery, 1, 10_000, nameof(GradientPenaltyEvery));
        Within(EmaDecay, 0, 0.99999, nameof(EmaDecay));
        return this;
    }

    private static void Within(double value, double least, double most, string option)
    {
        if (!(value >= least && value <= most))
            throw new CourseException($"The GAN's option {option} is {value}: it must lie between {least} and {most}.");
    }
}
