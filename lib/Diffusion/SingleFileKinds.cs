using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Diffusion;

/// <summary>What kind of model a checkpoint of one file holds, by its names and shapes; version 1 is opened, every
/// other named as what it is.</summary>
internal static class SingleFileKinds
{
    private const string Start = SingleFileNames.UNetStart, Enter = Start + "input_blocks.0.0.weight",
        Note = "modelspec.prediction_type";

    // Names that one kind has alone, before and after the U-Net's prefix.
    private static readonly (string Mark, string Kind)[] Marks =
    [
        ("conditioner.embedders.", "Stable Diffusion XL"), ("label_emb.", "Stable Diffusion XL"),
            ("cond_stage_model.model.", "Stable Diffusion 2"),
        ("joint_blocks.", "Stable Diffusion 3"), ("double_blocks.", "Flux"), ("control_model.", "ControlNet"),
            ("controlnet_cond_embedding.", "ControlNet"),
        ("input_hint_block.", "ControlNet"), ("motion_modules.", "AnimateDiff"),
            ("string_to_param", "textual inversion"), ("emb_params", "textual inversion"),
    ];

    /// <summary>Opens a file of version 1, its names without what a trainer put before them.</summary>
    /// <exception cref="CourseException">It is another model, a part of one, or an adapter.</exception>
    internal static WeightFile Open(string path)
    {
        var all = WeightFile.Open(path).Unwrapped(name => name.StartsWith(Start, StringComparison.Ordinal));
        try
        {
            foreach (var entry in all.Entries)
                if (Marks.FirstOrDefault(mark => Has(entry.Name, mark.Mark)).Kind is { } kind)
                    throw Other(path, kind, entry.Name);
            if (!all.Entries.Any(entry => entry.Name.StartsWith(Start, StringComparison.Ordinal)))
                throw new CourseException($"{path} is no checkpoint of a whole Stable Diffusion 1: none of its names " +
                    $"begins with {Start[..^1]}. If it is a LoRA, open the model first and put it on.");
            // OpenCLIP's texts are of 1024 numbers, the two encoders' of XL of 2048: a file may hold the U-Net alone.
            if (all.Entries.FirstOrDefault(entry =>
                entry.Name.EndsWith("attn2.to_k.weight", StringComparison.Ordinal)
                && entry.Shape is [_, 1024 or 2048]) is { } look)
                throw Other(path, look.Shape[1] == 1024 ? "Stable Diffusion 2" : "Stable Diffusion XL", look.Name);
            if (all.Contains(Enter) && all[Enter].Shape is [_, var channels, _, _] && channels != 4)
                throw new CourseException(channels switch
                {
                    9 => $"{path} was made for inpainting: its U-Net has nine channels in, latents, a mask and the " +
                        $"latents of the masked picture, where the course's has four. Use the plain model, the " +
                            $"course inpaints with it.",
                    8 => $"{path} was made to edit pictures by instructions: its U-Net has eight channels in, " +
                        $"latents and those of a picture, where the course's has four.",
                    _ => $"{path} has a U-Net of {channels} channels in; the course's has four.",
                });
            return all;
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    /// <summary>What the U-Net predicts, where the file's own notes say it; else what stands beside it.</summary>
    /// <exception cref="CourseException">They say something else.</exception>
    internal static PredictionType Prediction(string path, PredictionType otherwise)
    {
        using var file = WeightFile.Open(path);
        return !file.Metadata.TryGetValue(Note, out var said) || said.Length == 0 ? otherwise : said switch
        {
            "epsilon" or "eps" => PredictionType.Epsilon,
            "v" or "v_prediction" or "velocity" => PredictionType.Velocity,
            "sample" or "x0" => PredictionType.Sample,
            _ => throw new CourseException($"{path} says in its notes that its U-Net predicts '{said}' ({Note}); the " +
                $"course knows epsilon, v and sample."),
        };
    }

    private static bool Has(string name, string mark) =>
        name.StartsWith(mark, StringComparison.Ordinal)
            || name.StartsWith(Start, StringComparison.Ordinal) && name.AsSpan(Start.Length).StartsWith(mark);

    private static CourseException Other(string path, string kind, string name) =>
        new($"{path} is of the kind {kind}: it has {name}. The course opens version 1 of Stable Diffusion.");
}
