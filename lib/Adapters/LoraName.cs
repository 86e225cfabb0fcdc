namespace ImageGen.Adapters;

/// <summary>A name in a LoRA file, taken apart.</summary>
/// <param name="Layout">Whose way of naming it is.</param>
/// <param name="Part">Which model; null where the layout does not say.</param>
/// <param name="Path">The layer, as the file spells it: with underscores for dots in kohya's layout.</param>
/// <param name="Role">What the tensor is.</param>
internal sealed record LoraName(LoraLayout Layout, LoraPart? Part, string Path, LoraRole Role)
{
    private const string PeftStart = "base_model.model.", KohyaUNet = "lora_unet_", KohyaText = "lora_te_", KohyaOldText = "lora_te1_",
        UNetStart = "unet.", TextStart = "text_encoder.";

    // The longer ends first: an end may be the end of another.
    private static readonly (string End, LoraRole Role)[] Ends =
    [
        (".lora_linear_layer.down.weight", LoraRole.Down), (".lora_linear_layer.up.weight", LoraRole.Up),
        (".lora_A.default.weight", LoraRole.Down), (".lora_B.default.weight", LoraRole.Up),
        (".lora_down.weight", LoraRole.Down), (".lora_up.weight", LoraRole.Up),
        (".lora.down.weight", LoraRole.Down), (".lora.up.weight", LoraRole.Up),
        (".lora_A.weight", LoraRole.Down), (".lora_B.weight", LoraRole.Up),
        ("_lora.down.weight", LoraRole.Down), ("_lora.up.weight", LoraRole.Up), // diffusers' first files: …attn1.processor.to_q_lora.down.weight
        (".alpha", LoraRole.Alpha),
    ];

    /// <summary>Takes a name apart; null for one that none of the three layouts has.</summary>
    internal static LoraName? Parse(string name)
    {
        var (end, role) = Array.Find(Ends, candidate => name.EndsWith(candidate.End, StringComparison.Ordinal));
        if (end is null) return null;
        var path = name[..^end.Length];
        if (Cut(ref path, PeftStart)) return new(LoraLayout.Peft, null, path, role);
        if (Cut(ref path, KohyaUNet)) return new(LoraLayout.Kohya, LoraPart.UNet, path, role);
        if (Cut(ref path, KohyaText) || Cut(ref path, KohyaOldText)) return new(LoraLayout.Kohya, LoraPart.TextEncoder, path, role);
        if (end.StartsWith(".lora_down", StringComparison.Ordinal) || end.StartsWith(".lora_up", StringComparison.Ordinal)) return null;
        LoraPart? part = Cut(ref path, UNetStart) ? LoraPart.UNet : Cut(ref path, TextStart) ? LoraPart.TextEncoder : null;
        path = path.Replace(".processor", "", StringComparison.Ordinal);
        if (path.EndsWith(".to_out", StringComparison.Ordinal)) path += ".0";
        return new(LoraLayout.Diffusers, part, path, role);
    }

    /// <summary>The name of a layer's tensor as a layout writes it.</summary>
    internal static string Of(LoraLayout layout, LoraPart part, string path, LoraRole role) => layout switch
    {
        LoraLayout.Peft => $"{PeftStart}{path}.{(role == LoraRole.Down ? "lora_A" : "lora_B")}.weight",
        LoraLayout.Diffusers => $"{(part == LoraPart.UNet ? UNetStart : TextStart)}{path}.{(role == LoraRole.Alpha ? "alpha" : role == LoraRole.Down ? "lora.down.weight" : "lora.up.weight")}",
        _ => $"{(part == LoraPart.UNet ? KohyaUNet : KohyaText)}{path.Replace('.', '_')}.{(role == LoraRole.Alpha ? "alpha" : role == LoraRole.Down ? "lora_down.weight" : "lora_up.weight")}",
    };

    private static bool Cut(ref string path, string start)
    {
        if (!path.StartsWith(start, StringComparison.Ordinal)) return false;
        path = path[start.Length..];
        return true;
    }
}
