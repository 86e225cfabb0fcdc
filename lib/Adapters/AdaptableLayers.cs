using System.Text.RegularExpressions;
using ImageGen.Diffusion;
using ImageGen.Layers;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>The layers of a model that can be adapted: Linear ones and convolutions.</summary>
internal static class AdaptableLayers
{
    /// <summary>All of them, with their paths, in the model's order; a layer that has two paths by its first.</summary>
    internal static IReadOnlyList<(string Path, nn.Module<Tensor, Tensor> Layer)> Of(nn.Module model)
    {
        var seen = new HashSet<nn.Module>(ReferenceEqualityComparer.Instance);
        return [.. model.named_modules().Where(part => IsKnown(part.module) && seen.Add(part.module)).Select(part => (part.name, (nn.Module<Tensor, Tensor>)part.module))];
    }

    /// <summary>Those that the patterns name.</summary>
    /// <exception cref="CourseException">A pattern names none: the line says what there is.</exception>
    internal static IReadOnlyList<(string Path, nn.Module<Tensor, Tensor> Layer)> Of(nn.Module model, IReadOnlyList<string> patterns)
    {
        var all = Of(model);
        var forms = patterns.Select(pattern => (Pattern: pattern, Form: Form(pattern))).ToList();
        foreach (var (pattern, form) in forms)
            if (!all.Any(part => form.IsMatch(part.Path)))
                throw new CourseException(model.named_modules().Any(part => form.IsMatch(part.name))
                    ? $"The target '{pattern}' names layers of {model.GetType().Name} that are neither Linear nor convolutions: only those can be adapted."
                    : $"The target '{pattern}' names no layer of {model.GetType().Name}, whose layers end in {Listing.Of([.. all.Select(part => LastNames(part.Path)).Distinct()])}.");
        return [.. all.Where(part => forms.Any(form => form.Form.IsMatch(part.Path)))];
    }

    /// <summary>The layer's weight: <c>[out, in]</c>, or <c>[out, in, h, w]</c> of a convolution.</summary>
    internal static Parameter Weight(nn.Module layer) => layer switch
    {
        Linear linear => linear.weight!,
        PointwiseConv2d pointwise => pointwise.Weight,
        _ => ((Conv2d)layer).weight!,
    };

    /// <summary>What is added to each output; null for a layer without.</summary>
    internal static Tensor? Bias(nn.Module layer) => layer switch
    {
        Linear linear => linear.bias,
        PointwiseConv2d pointwise => pointwise.Bias,
        _ => ((Conv2d)layer).bias,
    };

    // Of a convolution in groups the two matrices would be several; at a mirrored border zeros would be wrong.
    private static bool IsKnown(nn.Module module) => module is Linear or PointwiseConv2d
        || module is Conv2d { groups: 1, padding_mode: PaddingModes.Zeros, padding: not null };

    private static Regex Form(string pattern) =>
        new($@"(^|\.){Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal)}$", RegexOptions.CultureInvariant);

    private static string LastNames(string path)
    {
        var names = path.Split('.');
        return char.IsAsciiDigit(names[^1][0]) && names.Length > 1 ? $"{names[^2]}.{names[^1]}" : names[^1];
    }
}
