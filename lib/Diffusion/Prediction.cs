using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>What a model is asked to say about noisy latents x_t = a·x₀ + s·ε, with a² + s² = 1.</summary>
public enum Prediction
{
    /// <summary>The noise ε.</summary>
    Noise,

    /// <summary>The clean latents x₀.</summary>
    Clean,

    /// <summary>v = a·ε − s·x₀ (Salimans and Ho, arXiv 2202.00512): ε where nearly all is picture, −x₀ where nearly all is noise.</summary>
    Velocity,
}

/// <summary>From one prediction to another. The shares a and s are numbers, or tensors that fit the latents.</summary>
public static class Predictions
{
    /// <summary>What the model should have said.</summary>
    /// <param name="prediction">What it is asked.</param>
    /// <param name="clean">x₀.</param>
    /// <param name="noise">ε.</param>
    /// <param name="signal">a = √ᾱ.</param>
    /// <param name="share">s = √(1 − ᾱ).</param>
    public static Tensor Target(this Prediction prediction, Tensor clean, Tensor noise, Tensor signal, Tensor share)
    {
        using var scope = NewDisposeScope();
        return (prediction switch
        {
            Prediction.Noise => noise.alias(),
            Prediction.Clean => clean.alias(),
            _ => signal * noise - share * clean,
        }).MoveToOuterDisposeScope();
    }

    /// <summary>x₀ from what the model said.</summary>
    /// <param name="prediction">What it was asked.</param>
    /// <param name="output">What it said.</param>
    /// <param name="noisy">x_t.</param>
    /// <param name="signal">a = √ᾱ; above 0 where ε was asked.</param>
    /// <param name="share">s = √(1 − ᾱ).</param>
    public static Tensor ToClean(this Prediction prediction, Tensor output, Tensor noisy, double signal, double share)
    {
        using var scope = NewDisposeScope();
        return (prediction switch
        {
            Prediction.Noise => (noisy - share * output) / signal,
            Prediction.Clean => output.alias(),
            _ => signal * noisy - share * output,
        }).MoveToOuterDisposeScope();
    }

    /// <summary>ε from what the model said.</summary>
    /// <param name="prediction">What it was asked.</param>
    /// <param name="output">What it said.</param>
    /// <param name="noisy">x_t.</param>
    /// <param name="signal">a = √ᾱ.</param>
    /// <param name="share">s = √(1 − ᾱ); above 0 where x₀ was asked.</param>
    public static Tensor ToNoise(this Prediction prediction, Tensor output, Tensor noisy, double signal, double share)
    {
        using var scope = NewDisposeScope();
        return (prediction switch
        {
            Prediction.Noise => output.alias(),
            Prediction.Clean => (noisy - signal * output) / share,
            _ => share * noisy + signal * output,
        }).MoveToOuterDisposeScope();
    }

    /// <summary>v from what the model said.</summary>
    /// <inheritdoc cref="ToClean"/>
    public static Tensor ToVelocity(this Prediction prediction, Tensor output, Tensor noisy, double signal, double share)
    {
        using var scope = NewDisposeScope();
        if (prediction == Prediction.Velocity) return output.alias().MoveToOuterDisposeScope();
        return (signal * prediction.ToNoise(output, noisy, signal, share) - share * prediction.ToClean(output, noisy, signal, share)).MoveToOuterDisposeScope();
    }
}
