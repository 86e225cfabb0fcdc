using ImageGen.Weights;

namespace ImageGen.Text;

/// <summary>
/// CLIP as OpenAI's own code lays it out (https://github.com/openai/CLIP, and OpenCLIP after it), under Hugging Face's
/// names:
/// queries, keys and values are one matrix there, and projections are multiplied from the other side.
/// </summary>
internal static class OpenAiClip
{
    private const string Mark = "positional_embedding", Visual = "visual.";

    private static readonly (string Own, string Now)[] Whole =
    [
        ("token_embedding.weight", "text_model.embeddings.token_embedding.weight"),
            ("positional_embedding", "text_model.embeddings.position_embedding.weight"),
        ("ln_final.", "text_model.final_layer_norm."), ("text_projection", "text_projection.weight"),
            ("logit_scale", "logit_scale"),
        ("visual.class_embedding", "vision_model.embeddings.class_embedding"),
            ("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
        ("visual.conv1.", "vision_model.embeddings.patch_embedding."),
            ("visual.ln_pre.", "vision_model.pre_layrnorm."), ("visual.ln_post.", "vision_model.post_layernorm."),
        ("visual.proj", "visual_projection.weight"),
        ("transformer.resblocks.", "text_model.encoder.layers."),
            ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
    ];

    private static readonly (string Own, string Now)[] Within =
    [
        (".attn.out_proj.", ".self_attn.out_proj."), (".ln_1.", ".layer_norm1."), (".ln_2.", ".layer_norm2."),
            (".mlp.c_fc.", ".mlp.fc1."), (".mlp.c_proj.", ".mlp.fc2."),
    ];

    /// <summary>The file under Hugging Face's names, to take its place; the file itself where it has them
    /// already.</summary>
    internal static WeightFile Translated(WeightFile file)
    {
        file = file.Unwrapped(name => name.StartsWith("text_model.", StringComparison.Ordinal)
            || name.StartsWith("transformer.resblocks.", StringComparison.Ordinal)
            || name.StartsWith(Visual, StringComparison.Ordinal));
        return file.Contains(Mark) && file.Entries
            .Any(entry => entry.Name.StartsWith("transformer.resblocks.", StringComparison.Ordinal)) ? file.Remade(Of)
            : file;
    }

    private static IEnumerable<WeightEntry> Of(WeightEntry entry)
    {
        // notes of the archive
        if (entry.Name is "input_resolution" or "context_length" or "vocab_size" or "attn_mask") yield break;
        var name = entry.Name;
        if (Array.Find(Whole, pair => name.StartsWith(pair.Own, StringComparison.Ordinal)) is { Own: { } own,
            Now: var now }) name = now + name[own.Length..];
        foreach (var (part, today) in Within) name = name.Replace(part, today, StringComparison.Ordinal);
        if (name.Contains(".attn.in_proj_", StringComparison.Ordinal) && entry.Shape is [var rows, ..] && rows % 3 == 0)
        {
            string[] letters = ["q", "k", "v"];
            for (var i = 0; i < 3; i++)
                yield return entry.Rows(name.Replace(".attn.in_proj_", $".self_attn.{letters[i]}_proj.",
                    StringComparison.Ordinal), i * rows / 3, rows / 3);
        }
        else if (entry.Name is "text_projection" or "visual.proj" && entry.Shape is [_, _]) yield return entry
            .Transposed(name);
        else yield return entry.As(name, entry.Shape);
    }
}
