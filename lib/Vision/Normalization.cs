using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>Brings pictures to the range a network was made for: <c>(x − mean) / std</c>, channel by channel.</summary>
/// <param name="Mean">Three means, red first, of values in <c>[0, 1]</c>.</param>
/// <param name="Std">Three standard deviations.</param>
public sealed record Normalization(float[] Mean, float[] Std)
{
    /// <summary>The ImageNet figures that every torchvision model expects.</summary>
    public static Normalization ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>The figures that CLIP was trained with.</summary>
    public static Normalization Clip { get; } = new([0.48145466f, 0.4578275f, 0.40821073f], [0.26862954f, 0.26130258f, 0.27577711f]);

    /// <summary>Every channel from <c>[0, 1]</c> to <c>[−2, 2]</c>.</summary>
    public static Normalization Centered { get; } = new([0.5f, 0.5f, 0.5f], [0.25f, 0.25f, 0.25f]);

    /// <summary>Normalizes pictures <c>[B, 3, H, W]</c> in <c>[0, 1]</c>.</summary>
    public Tensor Apply(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var mean = tensor(Mean, device: pictures.device).view(1, 3, 1, 1);
        var std = tensor(Std, device: pictures.device).view(1, 3, 1, 1);
        return ((pictures - mean) / std).MoveToOuterDisposeScope();
    }
}
