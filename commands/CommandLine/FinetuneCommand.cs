using System.CommandLine;
using ImageGen.Adapters;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Course.CommandLine;

/// <summary>
/// <c>./course finetune PICTURES --output FILE [--model PATH] [--steps N] [--rank N] [--quantize] [--resolution N]
/// [--resume] …</c>
/// </summary>
internal static class FinetuneCommand
{
    private static readonly FineTuneOptions Usual = new();

    private static readonly Argument<string> Pictures = new("pictures")
        { Description = $"A folder of pictures, each with captions in a text file of its name or in "
            + $"{PictureFolder.TableName}; or {Flowers102.SourceName}." };

    private static readonly Option<string> Output = new("--output") { Description = "The LoRA file to write, ending "
        + "in .safetensors; its provenance and a picture with and without it lie beside it.", Required = true };
    private static readonly Option<string> Model = new("--model") { Description = $"A model of Stable Diffusion 1: "
        + $"its folder, its one file, or {StableDiffusion.SourceName}.", DefaultValueFactory = _ =>
        StableDiffusion.SourceName };
    private static readonly Option<int> Steps =
        new("--steps") { Description = "Steps in all.", DefaultValueFactory = _ => Usual.Steps };
    private static readonly Option<int> Rank = new("--rank") { Description = "How much there is to learn: the "
        + "adapter's rank.", DefaultValueFactory = _ => Usual.Rank };
    private static readonly Option<int> Batch =
        new("--batch") { Description = "Pictures a step.", DefaultValueFactory = _ => Usual.BatchSize };
    private static readonly Option<double> Rate =
        new("--rate") { Description = "The learning rate.", DefaultValueFactory = _ => Usual.LearningRate };
    private static readonly Option<int?> Resolution = new("--resolution") { Description = "Side of the squares that "
        + "the pictures are cut to; as the model was trained when left out." };
    private static readonly Option<bool> Quantize = new("--quantize") { Description = "Keep the model's dense layers "
        + "in 4 bits meanwhile (QLoRA): less memory, more time." };
    private static readonly Option<string?> Type = new("--type") { Description = "The model's numbers: bfloat16, "
        + "float16 (for cards without bfloat16) or float32; bfloat16 on a GPU and float32 on the CPU when left out." };
    private static readonly Option<string[]> Prompt = new("--prompt") { Description = "A prompt for the picture with "
        + "and without; may be given several times. The first caption when left out." };
    private static readonly Option<int> Seed =
        new("--seed") { Description = "The seed of its random numbers.", DefaultValueFactory = _ => Seeds.Default };
    private static readonly Option<bool> Resume = new("--resume") { Description = "Go on where the training of this "
        + "output stopped." };

    public static Command Create()
    {
        var command = new Command("finetune", "Teaches Stable Diffusion your own pictures: trains a LoRA, and writes "
            + "it in the layout that most programs read.")
            { Pictures, Output, Model, Steps, Rank, Batch, Rate, Resolution, Quantize, Type, Prompt, Seed, Resume };
        command.SetAction((parsed, cancel) => Task.Run(() =>
        {
            // Whatever can be wrong is looked at before the first minute is spent.
            var options = new FineTuneOptions
            {
                Steps =
                    parsed.GetValue(Steps), Rank =
                        parsed.GetValue(Rank), BatchSize = parsed.GetValue(Batch), LearningRate = parsed.GetValue(Rate),
                Quantize =
                    parsed.GetValue(Quantize), Type = TypeOf(parsed.GetValue(Type)), Seed = parsed.GetValue(Seed),
            };
            options.Check();
            var output = new FinetuneOutput(parsed.GetValue(Output)!);
            if (parsed.GetValue(Resume) && !FineTuning.CanResume(output.Folder))
                throw new CourseException($"There is no training to go on with: {output.Folder} has no state. Start "
                    + $"without --resume.");
            var model = ModelOf(parsed.GetValue(Model)!);
            var pictures = PicturesOf(
                parsed.GetValue(Pictures)!, FineTuning.SideOf(model, parsed.GetValue(Resolution)));
            output.Require();
            return new FinetuneRun(
                model, pictures, output, options, parsed.GetValue(Prompt) ?? [], parsed.GetValue(Resume),
                CommandOf(parsed)).Go(cancel);
        }, cancel));
        return command;
    }

    private static ScalarType? TypeOf(string? name) => name switch
    {
        null => null,
        "bfloat16" => ScalarType.BFloat16,
        "float16" => ScalarType.Float16,
        "float32" => ScalarType.Float32,
        _ => throw new CourseException($"--type is '{name}': it must be bfloat16, float16 or float32."),
    };

    private static string ModelOf(string name) => Directory.Exists(name) || File.Exists(name) ? name
        : name != StableDiffusion.SourceName ? throw new CourseException($"There is no model '{name}': name a folder "
            + $"that holds unet and vae, a checkpoint that is one file, or {StableDiffusion.SourceName}.")
        : Downloads.PathIfCached(name) ?? throw new CourseException($"Stable Diffusion 1.5 is not in the cache: fetch "
            + $"its 4.3 GB with ./course data fetch {name}, or name a folder with --model.");

    private static ICaptionedPictures PicturesOf(string name, int side)
    {
        if (name == Flowers102.SourceName && !Directory.Exists(name)) return Flowers102.Open(Split.Train, side);
        var folder = PictureFolder.Open(name, side);
        foreach (var skipped in folder.Skipped) Console.WriteLine($"Left out: {skipped.Reason}");
        return folder;
    }

    private static string CommandOf(ParseResult parsed) => "./course "
        + string.Join(
            ' ',
            parsed.Tokens.Select(
                token => token.Value.Contains(' ', StringComparison.Ordinal) ? $"\"{token.Value}\"" : token.Value));
}
