using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>The game that generator and discriminator play.</summary>
public enum AdversarialLoss
{
    /// <summary>Cross entropy with the generator's side turned (Goodfellow and others, arXiv 1406.2661).</summary>
    CrossEntropy,

    /// <summary>Hinge: scores beyond ±1 need no more pushing (Lim and Ye, arXiv 1705.02894).</summary>
    Hinge,
}

/// <summary>
/// The losses of a text-conditioned GAN, each a formula of a line. Logits are <c>[B]</c>; every result is one number.
/// </summary>
public static class GanLosses
{
    /// <summary>What the discriminator pays for a real picture with its own text.</summary>
    /// <param name="logits">Its scores.</param>
    /// <param name="loss">The game.</param>
    /// <param name="realLabel">
    /// Cross entropy's target: 0.9 keeps the discriminator from certainty (one-sided smoothing, arXiv 1606.03498);
    /// fakes stay at 0.
    /// </param>
    public static Tensor Real(Tensor logits, AdversarialLoss loss, double realLabel = 1) =>
        loss == AdversarialLoss.Hinge
        ? (1 - logits).relu().mean() // max(0, 1 − s)
        : CrossEntropy(logits, realLabel);

    /// <summary>What the discriminator pays for a fake, or for a real picture with a wrong text.</summary>
    public static Tensor Fake(Tensor logits, AdversarialLoss loss) => loss == AdversarialLoss.Hinge
        ? (1 + logits).relu().mean() // max(0, 1 + s)
        : CrossEntropy(logits, 0);

    /// <summary>What the generator pays for not being taken for real.</summary>
    public static Tensor ForGenerator(Tensor logits, AdversarialLoss loss) => loss == AdversarialLoss.Hinge
        ? -logits.mean()
        : CrossEntropy(logits, 1);

    /// <summary>−y·ln σ(s) − (1 − y)·ln(1 − σ(s)), averaged, computed so that large scores do no harm.</summary>
    public static Tensor CrossEntropy(Tensor logits, double target)
    {
        using var scope = NewDisposeScope();
        // softplus(s) − y·s
        return (nn.functional.softplus(logits) - logits * target).mean().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Feature matching (arXiv 1606.03498): the mean squared distance of the batches' mean feature maps.
    /// </summary>
    /// <param name="fake">Features of generated pictures, <c>[B, …]</c>.</param>
    /// <param name="real">Features of real ones; no gradient flows there.</param>
    public static Tensor FeatureMatching(Tensor fake, Tensor real)
    {
        using var scope = NewDisposeScope();
        return (fake.mean([0]) - real.detach().mean([0])).square().mean().MoveToOuterDisposeScope();
    }

    /// <summary>The mean absolute difference of pixels.</summary>
    public static Tensor L1(Tensor fake, Tensor real)
    {
        using var scope = NewDisposeScope();
        return (fake - real).abs().mean().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What the generator pays for making two pictures of one text too much alike: −min(|x − x'| / |z − z'|, enough),
    /// means of absolute differences over each pair (Yang and others, arXiv 1901.09024).
    /// </summary>
    /// <param name="pictures">x, <c>[B, …]</c>.</param>
    /// <param name="others">x', from the same texts.</param>
    /// <param name="noise">z of the first, <c>[B, N]</c>.</param>
    /// <param name="otherNoise">z' of the others.</param>
    /// <param name="enough">Beyond this, more difference earns nothing.</param>
    public static Tensor Diversity(Tensor pictures, Tensor others, Tensor noise, Tensor otherNoise, double enough)
    {
        using var scope = NewDisposeScope();
        var apart = (pictures - others).abs().flatten(1).mean([1]) / (noise - otherNoise).abs().mean([1]);
        return (-apart.clamp_max(enough).mean()).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// R1 (Mescheder and others, arXiv 1801.04406): the mean squared length of the score's gradient at real pictures.
    /// It keeps the discriminator flat where the data is.
    /// </summary>
    /// <param name="logits">Scores of <paramref name="pictures"/>.</param>
    /// <param name="pictures">Real pictures that require a gradient, <c>[B, …]</c>.</param>
    public static Tensor GradientPenalty(Tensor logits, Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var gradient = autograd.grad([logits.sum()], [pictures], retain_graph: true, create_graph: true)[0];
        return gradient.flatten(1).square().sum([1]).mean().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Picks each picture's own text among all of the batch and the K wrong texts made for it: cross entropy over B + K
    /// products. The wrong texts of other pictures are not asked about: they may happen to be true.
    /// </summary>
    /// <param name="products">
    /// Products of B pictures and (1 + K)·B texts, <c>[B, (1 + K)·B]</c>: the own ones in the pictures' order, then one
    /// wrong text for each in the same order, then another for each.
    /// </param>
    /// <param name="alsoTrue">
    /// Where another's own text is true of the picture, too, <c>[B, B]</c>: it is not asked about.
    /// </param>
    public static Tensor Pairing(Tensor products, Tensor alsoTrue)
    {
        using var scope = NewDisposeScope();
        var count = products.size(0);
        var own = products.narrow(1, 0, count).masked_fill(alsoTrue, float.NegativeInfinity);
        // [B, K]
        var wrong = products.narrow(1, count, products.size(1) - count).view(count, -1, count)
            .diagonal(dim1: 0, dim2: 2).t();
        return nn.functional.cross_entropy(cat([own, wrong], 1), arange(count, device: products.device))
            .MoveToOuterDisposeScope();
    }
}
