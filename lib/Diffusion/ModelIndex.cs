using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>What model_index.json says: which kind of model a folder holds, and which text encoder.</summary>
internal sealed record ModelIndex(bool TextIsBert)
{
    private const string FileName = "model_index.json", Class = "_class_name", OurClass = "ImageGenLatentDiffusion";

    // What the published index of version 1 names, and the two pipelines that share its parts.
    private static readonly string[] Known =
        ["StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipelineLegacy", OurClass];

    private static readonly (string Part, string[] Classes)[] Parts =
    [
        ("unet", ["UNet2DConditionModel"]), ("vae", ["AutoencoderKL"]),
        ("text_encoder", ["CLIPTextModel", "BertModel"]),
    ];

    internal static ModelIndex Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (PartFiles.Text(path) is not { } text) return new(TextIsBert: false);
        var json = ModelConfig.Parse(text, path);
        var kind = json.Word(Class, Known[0]);
        if (!Known.Contains(kind))
            throw new CourseException($"{path} is of a {kind}; the course opens version 1 of Stable Diffusion, a "
                + $"{Known[0]}.{Advice(kind)}");
        foreach (var (part, known) in Parts)
            if (json.Has(part) && json.Words(part) is var names && !(names is [_, var name] && known.Contains(name)))
                throw json.Error($"has '{part}' [{string.Join(", ", names)}]; the course opens "
                    + $"{string.Join(" or ", known)}.");
        json.Ignore("tokenizer", "scheduler"); // these follow from the text encoder, and from the scheduler's own file
        json.Ignore("safety_checker", "feature_extractor", "requires_safety_checker", "image_encoder"); // not used here
        json.Ignore("_diffusers_version", "_name_or_path"); // where the file comes from
        json.End("version 1 of Stable Diffusion");
        return new(json.Has("text_encoder") && json.Words("text_encoder") is [_, "BertModel"]);
    }

    private static string Advice(string kind) => kind switch
    {
        "StableDiffusionInpaintPipeline" => " Its U-Net has nine channels in, for inpainting: use the plain model, "
            + "the course inpaints with it.",
        "StableDiffusionXLPipeline" or "StableDiffusionXLImg2ImgPipeline" => " This is Stable Diffusion XL.",
        _ => "",
    };

    internal static void Write(string folder, bool isBert, string? scheduler) =>
        PartFiles.Write(Path.Combine(folder, FileName), JsonSerializer.Serialize(Entries(isBert, scheduler)));

    private static Dictionary<string, object> Entries(bool isBert, string? scheduler) => new()
    {
        [Class] = isBert ? OurClass : Known[0],
        ["unet"] = new[] { "diffusers", "UNet2DConditionModel" }, ["vae"] = new[] { "diffusers", "AutoencoderKL" },
        ["text_encoder"] = new[] { "transformers", isBert ? "BertModel" : "CLIPTextModel" },
        ["tokenizer"] = new[] { "transformers", isBert ? "BertTokenizer" : "CLIPTokenizer" },
        ["scheduler"] = new[] { "diffusers", scheduler ?? "DDIMScheduler" },
    };
}

/// <summary>The files of a published folder's parts.</summary>
internal static class PartFiles
{
    private static readonly string[] Names = ["diffusion_pytorch_model", "model", "pytorch_model"];
    private static readonly string[] Full = [".safetensors", ".safetensors.index.json", ".bin"];
    private static readonly string[] Half = [".fp16.safetensors", ".fp16.bin"];

    /// <summary>
    /// Opens a part's weights, whatever they are called: those in half precision first where half is wanted, last where
    /// it is not.
    /// </summary>
    internal static WeightFile Open(string folder, string part, ScalarType type)
    {
        var endings = type == ScalarType.Float32 ? Full.Concat(Half) : Half.Concat(Full);
        var paths = endings.SelectMany(ending => Names.Select(name => Path.Combine(folder, part, name + ending)));
        var found = paths.FirstOrDefault(File.Exists);
        return WeightFile.Open(found ?? throw new CourseException($"There are no weights in "
            + $"{Path.Combine(folder, part)}: a file such as {Names[part == "text_encoder" ? 1 : 0]}.safetensors is "
            + "missing."));
    }

    /// <summary>A file's text; null where there is none.</summary>
    internal static string? Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The configuration {path} cannot be read: {error.Message}", error);
        }
    }

    internal static void Make(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The folder {folder} cannot be made: {error.Message}", error);
        }
    }

    /// <summary>Writes it whole or not at all.</summary>
    internal static void Write(string path, string text)
    {
        var partial = path + ".partial";
        try
        {
            File.WriteAllText(partial, text + "\n");
            File.Move(partial, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The file {path} cannot be written: {error.Message}", error);
        }
    }
}
