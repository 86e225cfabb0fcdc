namespace ImageGen.Adapters;

/// <summary>The three ways in which programs name the parts of a LoRA in a file.</summary>
public enum LoraLayout
{
    /// <summary>
    /// peft's: <c>base_model.model.PATH.lora_A.weight</c>, with rank and α in an adapter_config.json beside the file.
    /// </summary>
    Peft,

    /// <summary>diffusers': <c>unet.PATH.lora.down.weight</c> and <c>up</c>, or <c>lora_A</c> and <c>lora_B</c>; α in <c>unet.PATH.alpha</c> where it is not the rank.</summary>
    Diffusers,

    /// <summary>kohya's: <c>lora_unet_PATH_WITH_UNDERSCORES.lora_down.weight</c> and <c>lora_up</c>, and a number <c>.alpha</c>;
    /// the U-Net's blocks are read under the names of the first code as well, <c>lora_unet_input_blocks_4_1_…</c>.</summary>
    Kohya,
}

/// <summary>Which model of a text-to-image program a LoRA's layers belong to.</summary>
internal enum LoraPart
{
    UNet,
    TextEncoder,
}

/// <summary>What a tensor of a LoRA file is of its layer.</summary>
internal enum LoraRole
{
    Down,
    Up,
    Alpha,

    /// <summary>DoRA's lengths of the rows.</summary>
    Magnitude,

    /// <summary>A tensor of the model that was learned whole.</summary>
    Whole,

    /// <summary>A tensor of the model as it was: nothing of the adapter.</summary>
    Frozen,
}
