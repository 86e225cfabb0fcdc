using System.Text.Json.Serialization;
using ImageGen.Runtime;

namespace ImageGen.Gan;

/// <summary>How the generator's maps grow.</summary>
public enum Upsampling
{
    /// <summary>Transposed convolutions 4×4, stride 2, as DCGAN has them (arXiv 1511.06434).</summary>
    Transposed,

    /// <summary>
    /// Each pixel is repeated, then a 3×3 convolution looks at all of them alike: no checkerboards (Odena and others,
    /// "Deconvolution and checkerboard artifacts", 2016).
    /// </summary>
    Resized,

    /// <summary>
    /// As <see cref="Resized"/>, and the last maps go through the 3×3 filter of the binomials 1, 2, 1, as all of
    /// StyleGAN's do (Karras and others, arXiv 1812.04948): a pattern that changes from pixel to pixel, which GANs
    /// leave as dots, cannot pass.
    /// </summary>
    Smoothed,
}

/// <summary>How the discriminator weighs a text against a picture.</summary>
public enum TextMatching
{
    /// <summary>
    /// The text stands beside the last feature maps and one convolution looks at both, as in the published table. The
    /// score is then a sum, one part the picture's and one the text's: it cannot say that this text fits this picture.
    /// </summary>
    Sum,

    /// <summary>
    /// The same with a 1×1 convolution and a LeakyReLU between (Reed and others, arXiv 1605.05396): now it can.
    /// </summary>
    Joint,

    /// <summary>
    /// The score has a product of both (Miyato and Koyama, "cGANs with projection discriminator", arXiv 1802.05637).
    /// </summary>
    Projection,
}

/// <summary>What keeps the discriminator in bounds.</summary>
public enum DiscriminatorNorm
{
    /// <summary>Batch normalization after every convolution but the first, as DCGAN has it.</summary>
    Batch,

    /// <summary>Each weight divided by its largest singular value (Miyato and others, arXiv 1802.05957).</summary>
    Spectral,
}

/// <summary>
/// The configuration of a text-conditioned DCGAN for 64×64 pictures. The defaults are the published table's.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record GanConfig
{
    /// <summary>Numbers in the text embedding e.</summary>
    public int TextWidth { get; init; } = 1024;

    /// <summary>Numbers that each network compresses e to.</summary>
    public int TextCode { get; init; } = 128;

    /// <summary>Numbers in the noise z.</summary>
    public int NoiseWidth { get; init; } = 100;

    /// <summary>Channels of the generator's largest maps; those of 4×4 have eight times as many.</summary>
    public int GeneratorWidth { get; init; } = 64;

    /// <summary>Channels of the discriminator's largest maps; those of 4×4 have eight times as many.</summary>
    public int DiscriminatorWidth { get; init; } = 64;

    /// <summary>How the generator's maps grow.</summary>
    public Upsampling Upsampling { get; init; } = Upsampling.Transposed;

    /// <summary>How the discriminator weighs text against picture.</summary>
    public TextMatching Matching { get; init; } = TextMatching.Sum;

    /// <summary>What keeps the discriminator in bounds.</summary>
    public DiscriminatorNorm Norm { get; init; } = DiscriminatorNorm.Batch;

    /// <summary>
    /// The course's own: half as wide, grown without checkerboards, and a discriminator that can match.
    /// </summary>
    /// <param name="textWidth">Numbers in the text embedding.</param>
    public static GanConfig Small(int textWidth) => new()
    {
        TextWidth = textWidth, GeneratorWidth = 32, DiscriminatorWidth = 32,
        Upsampling = Upsampling.Smoothed, Matching = TextMatching.Projection,
    };

    /// <summary>Itself, if a network can be built from it.</summary>
    /// <exception cref="CourseException">A number is not positive; the message names it.</exception>
    public GanConfig Checked()
    {
        Require(TextWidth, nameof(TextWidth));
        Require(TextCode, nameof(TextCode));
        Require(NoiseWidth, nameof(NoiseWidth));
        Require(GeneratorWidth, nameof(GeneratorWidth));
        Require(DiscriminatorWidth, nameof(DiscriminatorWidth));
        return this;
    }

    private static void Require(int value, string name)
    {
        if (value is < 1 or > 8192)
            throw new CourseException($"The GAN's {name} is {value}: it must lie between 1 and 8192.");
    }
}
