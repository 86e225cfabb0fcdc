using System.Text.Json;
using ImageGen.Runtime;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// What model_index.json says: which kind of model a folder holds, and of which classes its parts are.
/// </summary>
/// <param name="TextIsBert">Whether the text encoder is a BERT, and not CLIP's.</param>
/// <param name="Scheduler">The scheduler's class; null where nothing is said.</param>
internal sealed record ModelIndex(bool TextIsBert, string? Scheduler)
{
    /// <summary>The scheduler that is named where a model has none of its own.</summary>
    internal const string Unnamed = "DDIMScheduler";

    private const string FileName = "model_index.json", Class = "_class_name", OurClass = "ImageGenLatentDiffusion";

    // What the published index of version 1 names, and the two pipelines that share its parts.
    private static readonly string[] Known =
        ["StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipelineLegacy", OurClass];

    private static readonly (string Part, string[] Classes)[] Parts =
    [
        ("unet", ["UNet2DConditionModel"]), ("vae", ["AutoencoderKL"]),
        ("text_encoder", ["CLIPTextModel", "BertModel"]),
        ("tokenizer", ["CLIPTokenizer", "CLIPTokenizerFast", "BertTokenizer", "BertTokenizerFast"]),
    ];

    internal static ModelIndex Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (JsonFile.Text(path) is not { } text) return new(TextIsBert: false, Scheduler: null);
        var json = ModelConfig.Parse(text, path);
        var kind = json.Word(Class, Known[0]);
        if (!Known.Contains(kind))
            throw new CourseException($"{path} is of a {kind}; the course opens version 1 of Stable Diffusion, a "
                + $"{Known[0]}.{Advice(kind)}");
        foreach (var (part, known) in Parts)
            if (json.Has(part) && json.Words(part) is var names && !(names is [_, var name] && known.Contains(name)))
                throw json.Error($"has '{part}' [{string.Join(", ", names)}]; the course opens "
                    + $"{string.Join(" or ", known)}.");
        var isBert = json.Words("text_encoder", []) is [_, "BertModel"];
        if (json.Words("tokenizer", []) is [_, var tokenizer]
            && tokenizer.StartsWith("Bert", StringComparison.Ordinal) != isBert)
            throw json.Error($"has a '{tokenizer}' beside a {(isBert ? "BertModel" : "CLIPTextModel")}.");
        var scheduler = json.Words("scheduler", []); // its options are in its own file
        json.Ignore("safety_checker", "feature_extractor", "requires_safety_checker", "image_encoder"); // not used here
        json.Ignore("_diffusers_version", "_name_or_path"); // where the file comes from
        json.End("version 1 of Stable Diffusion");
        return new(isBert, scheduler.ElementAtOrDefault(1));
    }

    private static string Advice(string kind) => kind switch
    {
        "StableDiffusionInpaintPipeline" => " Its U-Net has nine channels in, for inpainting: use the plain model, "
            + "the course inpaints with it.",
        "StableDiffusionXLPipeline" or "StableDiffusionXLImg2ImgPipeline" => " This is Stable Diffusion XL.",
        _ => "",
    };

    internal static void Write(string folder, bool isBert, string? scheduler) =>
        JsonFile.Write(Path.Combine(folder, FileName), JsonSerializer.Serialize(Entries(isBert, scheduler)) + "\n");

    private static Dictionary<string, object> Entries(bool isBert, string? scheduler) => new()
    {
        [Class] = isBert ? OurClass : Known[0],
        ["unet"] = new[] { "diffusers", "UNet2DConditionModel" }, ["vae"] = new[] { "diffusers", "AutoencoderKL" },
        ["text_encoder"] = new[] { "transformers", isBert ? "BertModel" : "CLIPTextModel" },
        ["tokenizer"] = new[] { "transformers", isBert ? "BertTokenizer" : "CLIPTokenizer" },
        ["scheduler"] = new[] { "diffusers", scheduler ?? Unnamed },
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
}
