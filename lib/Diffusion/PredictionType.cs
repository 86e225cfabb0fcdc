using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>What a model predicts of noisy latents x_t = √ᾱ·x₀ + √(1 − ᾱ)·ε.</summary>
public enum PredictionType
{
    /// <summary>The noise ε.</summary>
    Epsilon,

    /// <summary>The clean latents x₀.</summary>
    Sample,

    /// <summary>
    /// v = √ᾱ·ε − √(1 − ᾱ)·x₀ (Salimans and Ho, arXiv 2202.00512): ε where nearly all is picture, −x₀ where nearly all
    /// is noise.
    /// </summary>
    Velocity,
}

/// <summary>From one prediction to another.</summary>
public static class Predictions
{
    /// <summary>What the model should predict.</summary>
    /// <param name="prediction">What it is asked for.</param>
    /// <param name="original">x₀.</param>
    /// <param name="noise">ε.</param>
    /// <param name="sqrtAlphaBar">√ᾱ, in a shape that fits the latents.</param>
    /// <param name="sqrtOneMinusAlphaBar">√(1 − ᾱ), likewise.</param>
    public static Tensor Target(
        this PredictionType prediction, Tensor original, Tensor noise, Tensor sqrtAlphaBar, Tensor sqrtOneMinusAlphaBar)
    {
        using var scope = NewDisposeScope();
        return (prediction switch
        {
            PredictionType.Epsilon => noise.alias(),
            PredictionType.Sample => original.alias(),
            _ => sqrtAlphaBar * noise - sqrtOneMinusAlphaBar * original,
        }).MoveToOuterDisposeScope();
    }

    /// <summary>x₀ from what the model predicted.</summary>
    /// <param name="prediction">What it was asked for.</param>
    /// <param name="output">What it predicted.</param>
    /// <param name="noisy">x_t.</param>
    /// <param name="sqrtAlphaBar">√ᾱ; above 0 where ε was asked for.</param>
    /// <param name="sqrtOneMinusAlphaBar">√(1 − ᾱ).</param>
    public static Tensor ToOriginal(
        this PredictionType prediction, Tensor output, Tensor noisy, double sqrtAlphaBar, double sqrtOneMinusAlphaBar)
    {
        using var scope = NewDisposeScope();
        return (prediction switch
        {
            PredictionType.Epsilon => (noisy - sqrtOneMinusAlphaBar * output) / sqrtAlphaBar, // (x_t − √(1 − ᾱ)·ε)/√ᾱ
            PredictionType.Sample => output.alias(),
            _ => sqrtAlphaBar * noisy - sqrtOneMinusAlphaBar * output,                        // √ᾱ·x_t − √(1 − ᾱ)·v
        }).MoveToOuterDisposeScope();
    }

    /// <summary>ε from what the model predicted.</summary>
    /// <param name="prediction">What it was asked for.</param>
    /// <param name="output">What it predicted.</param>
    /// <param name="noisy">x_t.</param>
    /// <param name="sqrtAlphaBar">√ᾱ.</param>
    /// <param name="sqrtOneMinusAlphaBar">√(1 − ᾱ); above 0 where x₀ was asked for.</param>
    public static Tensor ToEpsilon(
        this PredictionType prediction, Tensor output, Tensor noisy, double sqrtAlphaBar, double sqrtOneMinusAlphaBar)
    {
        using var scope = NewDisposeScope();
        return (prediction switch
        {
            PredictionType.Epsilon => output.alias(),
            PredictionType.Sample => (noisy - sqrtAlphaBar * output) / sqrtOneMinusAlphaBar, // (x_t − √ᾱ·x₀)/√(1 − ᾱ)
            _ => sqrtOneMinusAlphaBar * noisy + sqrtAlphaBar * output,                       // √(1 − ᾱ)·x_t + √ᾱ·v
        }).MoveToOuterDisposeScope();
    }
}
