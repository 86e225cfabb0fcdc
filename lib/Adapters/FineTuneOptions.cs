using ImageGen.Runtime;
using ImageGen.Training;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>How a LoRA of one's own learns.</summary>
public sealed record FineTuneOptions
{
    /// <summary>r of the adapter, on all projections of attention.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>Steps; a thousand suit ten to a hundred pictures.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Pictures a step: what a step holds grows with them.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>The highest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Whether the U-Net's dense layers have 4 bits while the adapter learns (QLoRA): less memory, more time.</summary>
    public bool Quantize { get; init; }

    /// <summary>The U-Net's own numbers: BFloat16, Float16 or Float32; when null, BFloat16 on a GPU and Float32 on the CPU. The adapter's are always Float32.</summary>
    /// <remarks>Float16 is for cards without bfloat16, those before NVIDIA's RTX 30; a <see cref="LossScaler"/> keeps its smallest gradients from becoming zero.</remarks>
    public ScalarType? Type { get; init; }

    /// <summary>How many of each picture's captions are learned from.</summary>
    public int CaptionsPerPicture { get; init; } = 5;

    /// <summary>The seed of its random numbers.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>The most steps between two saves of the state; fewer where they are slow.</summary>
    public int SaveEvery { get; init; } = 100;

    /// <summary>See <see cref="Diffusion.DiffusionOptions.FirstLossScale"/>.</summary>
    internal double FirstLossScale { get; init; } = LossScaler.First;

    /// <summary>Checks all of them.</summary>
    /// <exception cref="CourseException">One is out of range: the line names it, its value and what it may be.</exception>
    public void Check()
    {
        foreach (var (name, value) in new[] { (nameof(Rank), Rank), (nameof(Steps), Steps), (nameof(BatchSize), BatchSize), (nameof(CaptionsPerPicture), CaptionsPerPicture), (nameof(SaveEvery), SaveEvery) })
            if (value < 1) throw new CourseException($"{name} is {value}: it must be at least 1.");
        if (LearningRate is not (> 0 and < 1)) throw new CourseException($"LearningRate is {LearningRate}: it must be above 0 and below 1; 0.0001 is usual.");
        if (Type is not (null or ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float32)) throw new CourseException($"Type is {Type}: the U-Net can be BFloat16, Float16 or Float32 while an adapter learns.");
    }
}
