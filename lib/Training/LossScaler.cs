using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// Keeps the gradients of a model in float16 from becoming zero (Micikevicius and others, arXiv 1710.03740). Float16
/// has no number between 0 and 6 · 10⁻⁸, and most gradients are that small: so the loss is multiplied before the way
/// back, and what arrives at the weights, which are float32, is divided again. The factor is as large as it can be
/// without an overflow: it is halved at each, and that step is left out; after 2,000 steps without one it is doubled.
/// The numbers are those of PyTorch's GradScaler.
/// </summary>
public sealed class LossScaler
{
    /// <summary>The factor that a training begins with.</summary>
    public const double First = 65536;

    private const double Growth = 2, Backoff = 0.5;
    private const int GrowthInterval = 2000;

    // Thirty overflows in a row from the first factor on. Fairseq's --min-loss-scale is the same.
    private const double Least = 1e-4;

    /// <summary>Begins.</summary>
    /// <param name="scale">The first factor: a power of two, so that dividing gives the same bits back.</param>
    public LossScaler(double scale = First) => Scale = scale;

    /// <summary>What the loss is multiplied by now.</summary>
    public double Scale { get; internal set; }

    /// <summary>Steps without an overflow since the factor last changed.</summary>
    public int GoodSteps { get; internal set; }

    /// <summary>The loss to go back from.</summary>
    public Tensor Scaled(Tensor loss) => loss * Scale;

    /// <summary>Divides the gradients again. Nothing is read, so that a GPU need not be waited for.</summary>
    /// <param name="parameters">
    /// What learns, in float32: in float16 the small gradients would be lost here again.
    /// </param>
    public void Unscale(IEnumerable<Parameter> parameters)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var parameter in parameters) parameter.grad?.mul_(1 / Scale);
    }

    /// <summary>Whether a step may be taken; changes the factor for the next one.</summary>
    /// <param name="length">
    /// The length of all gradients together, as clipping them gives it: it is finite only when each of them is.
    /// </param>
    /// <exception cref="CourseException">There was an overflow again and again, however small the factor.</exception>
    public bool Allows(double length)
    {
        if (double.IsFinite(length))
        {
            if (++GoodSteps < GrowthInterval) return true;
            GoodSteps = 0;
            if (float.IsFinite((float)(Scale * Growth))) Scale *= Growth;
            return true;
        }
        GoodSteps = 0;
        Scale *= Backoff;
        return Scale >= Least
            ? false
            : throw Unsuitable("the gradients overflow at every step, however small the loss is made");
    }

    /// <summary>Says why float16 does not suffice, and what to take.</summary>
    internal static CourseException Unsuitable(string why) =>
        new($"Training in float16 stopped: {why}. Take bfloat16, or float32 on a card before NVIDIA's RTX 30: --type "
            + $"bfloat16, --type float32.");
}
