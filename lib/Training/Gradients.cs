using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>What is done with gradients between a backward pass and an optimizer's step.</summary>
internal static class Gradients
{
    /// <summary>Shortens all gradients together to a length, if they are longer (Pascanu and others, arXiv 1211.5063).</summary>
    /// <remarks>
    /// <see cref="nn.utils.clip_grad_norm_"/> gives the length as a number, for which a GPU has to be waited for; there the same is
    /// computed with tensors alone, and the next step is prepared while this one still runs.
    /// </remarks>
    /// <param name="parameters">What learns.</param>
    /// <param name="longest">The longest that they may be.</param>
    public static void Shorten(IEnumerable<Parameter> parameters, double longest)
    {
        Parameter[] all = [.. parameters];
        if (all.All(parameter => parameter.device_type == DeviceType.CPU)) nn.utils.clip_grad_norm_(all, longest);
        else ShortenThere([.. all.Select(parameter => parameter.grad).OfType<Tensor>()], longest);
    }

    /// <summary>The same with tensors alone, wherever they are.</summary>
    internal static void ShortenThere(IReadOnlyList<Tensor> gradients, double longest)
    {
        if (gradients.Count == 0) return;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var length = stack([.. gradients.Select(gradient => gradient.norm())]).norm();
        var factor = (longest / (length + 1e-6)).clamp_max(1); // PyTorch's own little
        foreach (var gradient in gradients) gradient.mul_(factor);
    }
}
