using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Small models whose weights a formula gives, the same here and in make_text_models.py: files would be larger than the models.</summary>
internal static class FormulaWeights
{
    /// <summary>Fills every parameter by its place among the sorted names.</summary>
    internal static T Fill<T>(T module) where T : nn.Module
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var ((name, parameter), index) in module.named_parameters().OrderBy(p => p.name, StringComparer.Ordinal).Select((p, i) => (p, i)))
            parameter.copy_(tensor(Values(index, name, parameter.numel()), parameter.shape));
        return module;
    }

    /// <summary>Multiplies the tables of embeddings, so that a layer norm sees small numbers.</summary>
    internal static T Shrink<T>(T module, string names, double factor) where T : nn.Module
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, parameter) in module.named_parameters())
            if (name.Contains(names, StringComparison.Ordinal)) parameter.mul_(factor);
        return module;
    }

    /// <summary>The names and shapes that the fixture lists are the module's, all of them and no others.</summary>
    internal static void AssertNames(JsonElement expected, nn.Module module)
    {
        var names = expected.EnumerateObject().ToDictionary(p => p.Name, p => string.Join('×', p.Value.EnumerateArray()));
        Assert.Equal(names.OrderBy(n => n.Key, StringComparer.Ordinal),
            module.state_dict().ToDictionary(p => p.Key, p => string.Join('×', p.Value.shape)).OrderBy(n => n.Key, StringComparer.Ordinal));
    }

    /// <summary>All values within 2e-5 of the largest: float32 against the fixture's float64.</summary>
    internal static void AssertClose(JsonElement expected, Tensor actual)
    {
        var right = expected.EnumerateArray().Select(v => v.GetDouble()).ToArray();
        using var flat = actual.detach().to(ScalarType.Float64).contiguous();
        var values = flat.data<double>().ToArray();
        Assert.Equal(right.Length, values.Length);
        var tolerance = 1e-5 * right.Max(Math.Abs);
        for (var i = 0; i < right.Length; i++)
            Assert.True(Math.Abs(right[i] - values[i]) <= tolerance, $"value {i} of {right.Length}: {values[i]}, and {right[i]} is right");
    }

    private static float[] Values(int index, string name, long count)
    {
        var scale = name.Contains("norm", StringComparison.OrdinalIgnoreCase) && name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0;
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            var h = unchecked((uint)(i + 1) * 2654435761u + (uint)(index + 1) * 40503u);
            h = unchecked((h ^ (h >> 15)) * 2246822519u);
            h ^= h >> 13;
            values[i] = (float)((h / 4294967296.0 - 0.5) * 0.6 + scale);
        }
        return values;
    }
}
