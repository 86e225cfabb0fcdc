using System.Text.RegularExpressions;

namespace ImageGen.Adapters;

/// <summary>A name in a LoRA file, taken apart.</summary>
/// <param name="Layout">Whose way of naming it is.</param>
/// <param name="Part">Which model; null where the layout does not say.</param>
/// <param name="Path">The layer, as the file spells it: with underscores for dots in kohya's layout. Of a whole tensor,
/// its own name.</param>
/// <param name="Role">What the tensor is.</param>
/// <param name="Adapter">The adapter's name, where the file has one.</param>
internal sealed partial record LoraName(LoraLayout Layout, LoraPart? Part, string Path, LoraRole Role,
    string? Adapter = null)
{
    private const string PeftStart = "base_model.model.", KohyaUNet = "lora_unet_", KohyaText = "lora_te_",
        KohyaOldText = "lora_te1_",
        UNetStart = "unet.", TextStart = "text_encoder.";

    // The longer ends first: an end may be the end of another.
    private static readonly (string End, LoraRole Role)[] Ends =
    [
        (".lora_linear_layer.down.weight", LoraRole.Down), (".lora_linear_layer.up.weight", LoraRole.Up),
        (".lora_down.weight", LoraRole.Down), (".lora_up.weight", LoraRole.Up),
        (".lora.down.weight", LoraRole.Down), (".lora.up.weight", LoraRole.Up),
        // diffusers' first files: …attn1.processor.to_q_lora.down.weight
        ("_lora.down.weight", LoraRole.Down), ("_lora.up.weight", LoraRole.Up),
        (".alpha", LoraRole.Alpha), (".dora_scale", LoraRole.Magnitude),
    ];

    /// <summary>Takes a name apart; null for one that none of the three layouts has.</summary>
    internal static LoraName? Parse(string name)
    {
        var (path, role, adapter) = Cut(name);
        if (Cut(ref path, PeftStart)) return Peft(path, role, adapter);
        if (role is not { } known) return null;
        if (Cut(ref path, KohyaUNet)) return new(LoraLayout.Kohya, LoraPart.UNet, path, known);
        if (Cut(ref path, KohyaText) || Cut(ref path, KohyaOldText)) return new(LoraLayout.Kohya, LoraPart.TextEncoder,
            path, known);
        if (name.EndsWith(".lora_down.weight", StringComparison.Ordinal)
            || name.EndsWith(".lora_up.weight", StringComparison.Ordinal)) return null;
        LoraPart? part = Cut(ref path, UNetStart) ? LoraPart.UNet : Cut(ref path, TextStart) ? LoraPart.TextEncoder
            : null;
        path = path.Replace(".processor", "", StringComparison.Ordinal);
        if (path.EndsWith(".to_out", StringComparison.Ordinal)) path += ".0";
        return new(LoraLayout.Diffusers, part, path, known, adapter);
    }

    /// <summary>The name of a layer's tensor as a layout writes it.</summary>
    internal static string Of(LoraLayout layout, LoraPart part, string path, LoraRole role) => layout switch
    {
        LoraLayout.Peft => PeftStart + path + role switch
        {
            LoraRole.Down => ".lora_A.weight", LoraRole.Up => ".lora_B.weight",
            LoraRole.Magnitude => ".lora_magnitude_vector", _ => "",
        },
        LoraLayout.Diffusers => (part == LoraPart.UNet ? UNetStart : TextStart) + path + role switch
        {
            LoraRole.Alpha => ".alpha", LoraRole.Down => ".lora.down.weight", LoraRole.Up => ".lora.up.weight",
            _ => ".lora_magnitude_vector",
        },
        _ => (part == LoraPart.UNet ? KohyaUNet : KohyaText) + path.Replace('.', '_') + role switch
        {
            LoraRole.Alpha => ".alpha", LoraRole.Down => ".lora_down.weight", LoraRole.Up => ".lora_up.weight",
            _ => ".dora_scale",
        },
    };

    // What is under peft's prefix and no matrix of a LoRA is of the model itself: frozen, learned whole, or a copy of
    // what it was.
    private static LoraName Peft(string path, LoraRole? role, string? adapter)
    {
        if (role is { } known) return new(LoraLayout.Peft, null, path, known, adapter);
        if (path.EndsWith(".base_layer.bias", StringComparison.Ordinal)) return new(LoraLayout.Peft, null,
            path.Replace(".base_layer", "", StringComparison.Ordinal), LoraRole.Whole);
        if (path.Contains(".base_layer.", StringComparison.Ordinal)
            || path.Contains(".original_module.", StringComparison.Ordinal)) return new(LoraLayout.Peft, null, path,
            LoraRole.Frozen);
        return Saved().Match(path) is { Success: true } saved
            ? new(LoraLayout.Peft, null, saved.Groups["path"].Value + saved.Groups["rest"].Value, LoraRole.Whole,
                saved.Groups["adapter"].Value)
            : new(LoraLayout.Peft, null, path, LoraRole.Whole);
    }

    private static (string Path, LoraRole? Role, string? Adapter) Cut(string name)
    {
        if (Matrix().Match(name) is { Success: true } matrix)
            return (matrix.Groups["path"].Value, matrix.Groups["letter"].Value == "A" ? LoraRole.Down
                : LoraRole.Up, Named(matrix.Groups["adapter"]));
        if (Magnitude().Match(name) is { Success: true } magnitude) return (magnitude.Groups["path"].Value,
            LoraRole.Magnitude, Named(magnitude.Groups["adapter"]));
        var (end, role) = Array.Find(Ends, candidate => name.EndsWith(candidate.End, StringComparison.Ordinal));
        return end is null ? (name, null, null) : (name[..^end.Length], role, null);
    }

    private static string? Named(System.Text.RegularExpressions.Group adapter) => adapter.Success ? adapter.Value
        : null;

    private static bool Cut(ref string path, string start)
    {
        if (!path.StartsWith(start, StringComparison.Ordinal)) return false;
        path = path[start.Length..];
        return true;
    }

    [GeneratedRegex(@"^(?<path>.+)\.lora_(?<letter>[AB])(\.(?<adapter>[^.]+))?\.weight$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Matrix();

    [GeneratedRegex(@"^(?<path>.+)\.lora_magnitude_vector(\.weight|\.(?<adapter>[^.]+)(\.weight)?)?$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Magnitude();

    [GeneratedRegex(@"^(?<path>.+)\.modules_to_save\.(?<adapter>[^.]+)(?<rest>\..+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Saved();
}
