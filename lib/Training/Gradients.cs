using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>What is done with gradients between a backward pass and an optimizer's step.</summary>
internal static class Gradients
{
    /// <summary>
    /// Clips all gradients together to a length, if they are longer (Pascanu and others, arXiv 1211.5063).
    /// </summary>
    /// <remarks>
    /// <see cref="nn.utils.clip_grad_norm_"/> gives the length as a number, for which a GPU has to be waited for; there
    /// the same is computed with tensors alone, and the next step is prepared while this one still runs.
    /// </remarks>
    /// <param name="parameters">What learns.</param>
    /// <param name="maxNorm">The longest that they may be.</param>
    public static void ClipNorm(IEnumerable<Parameter> parameters, double maxNorm)
    {
        Parameter[] all = [.. parameters];
        if (all.All(parameter => parameter.device_type == DeviceType.CPU)) nn.utils.clip_grad_norm_(all, maxNorm);
        else ClipNormWithTensors([.. all.Select(parameter => parameter.grad).OfType<Tensor>()], maxNorm);
    }

    /// <summary>The same with tensors alone, wherever they are.</summary>
    internal static void ClipNormWithTensors(IReadOnlyList<Tensor> gradients, double maxNorm)
    {
        if (gradients.Count == 0) return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var length = stack([.. gradients.Select(gradient => gradient.norm())]).norm();
        var factor = (maxNorm / (length + 1e-6)).clamp_max(1); // PyTorch's own little
        foreach (var gradient in gradients) gradient.mul_(factor);
    }
}
