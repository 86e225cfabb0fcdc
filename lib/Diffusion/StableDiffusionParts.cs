using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// A published model, a folder or one file, whose configurations are read and whose weights are not: each part can be
/// opened by itself. One file's configurations lie beside it, as in the folder it is published in, or are Stable
/// Diffusion 1.5's.
/// </summary>
internal sealed class StableDiffusionParts
{
    internal const string UNetFolder = "unet", AutoencoderFolder = "vae", SchedulerFolder = "scheduler";
    internal const string TextFolder = "text_encoder", TokenizerFolder = "tokenizer";
    internal const string Config = "config.json", Schedule = "scheduler_config.json";

    private readonly string folder;
    private readonly string? file; // that holds all weights; null where each part has its own
    private readonly bool textIsBert, averaged;

    private StableDiffusionParts(string folder, string? file, bool averaged)
    {
        (this.folder, this.file, this.averaged) = (folder, file, averaged);
        if (averaged && file is null)
            throw new CourseException($"{folder} is a folder, whose weights are one set: averaged (EMA) weights beside "
                + "the trained ones are in some checkpoints of one file.");
        (textIsBert, var scheduler) = ModelIndex.Read(folder);
        var diffusion = ConfigOf(SchedulerFolder, Schedule,
            (json, source) => SchedulerConfig.Read(json, source, scheduler), DiffusionConfig.StableDiffusion);
        // Latents are no values from −1 to 1: where early files ask to cut them, or leave it to a class that does,
        // diffusers' pipeline does not.
        Diffusion = diffusion with { Sampling = diffusion.Sampling with { ClipSampleRange = null } };
        if (file is not null)
            Diffusion = Diffusion with { Prediction = SingleFileKinds.Prediction(file, Diffusion.Prediction) };
        UNet = ConfigOf(UNetFolder, Config, UNetConfig.FromJson, UNetConfig.StableDiffusion);
        Autoencoder =
            ConfigOf(AutoencoderFolder, Config, AutoencoderConfig.FromJson, AutoencoderConfig.StableDiffusion);
        if (UNet.LatentChannels != Autoencoder.LatentChannels)
            throw new CourseException($"The parts in {folder} do not fit: the U-Net takes latents of "
                + $"{UNet.LatentChannels} channels and the autoencoder makes {Autoencoder.LatentChannels}.");
    }

    /// <summary>Reads the configurations of a folder, or of a file.</summary>
    internal static StableDiffusionParts Of(string path, bool averaged = false) =>
        Directory.Exists(path) ? new(path, null, averaged)
        : File.Exists(path) ? new(Path.GetDirectoryName(Path.GetFullPath(path))!, path, averaged)
        : throw new CourseException($"There is no folder {path}, and no file: name the folder that holds "
            + "model_index.json, or unet and vae; or a checkpoint that is one file.");

    /// <summary>The noise schedule, and what the U-Net predicts.</summary>
    internal DiffusionConfig Diffusion { get; }

    internal UNetConfig UNet { get; }

    internal AutoencoderConfig Autoencoder { get; }

    /// <summary>Side of the pictures that the model was trained with, in pixels.</summary>
    internal int Side => UNet.LatentSide * Autoencoder.Factor;

    /// <summary>What a picture's sides must be multiples of, in pixels.</summary>
    internal int Multiple => Autoencoder.Factor << (UNet.Channels.Count - 1);

    internal UNet OpenUNet(Device device, ScalarType type)
    {
        using var weights = Weights(UNetFolder, type);
        return ImageGen.Diffusion.UNet.Open(weights, UNet, device, type);
    }

    internal AutoencoderKL OpenAutoencoder(Device device, ScalarType type)
    {
        using var weights = Weights(AutoencoderFolder, type);
        return AutoencoderKL.Open(weights, Autoencoder, device, type);
    }

    /// <exception cref="CourseException">
    /// It is missing or damaged, or its vectors are not as wide as those that the U-Net attends to.
    /// </exception>
    internal ITextConditioner OpenText(Device device, ScalarType type)
    {
        ITextConditioner text = textIsBert
            ? new BertConditioner(BertText.Load(Path.Combine(folder, TextFolder), device)) : OpenClip(device, type);
        if (text.Width == UNet.ContextWidth) return text;
        (text as IDisposable)?.Dispose();
        throw new CourseException($"The parts in {folder} do not fit: the U-Net looks at word vectors of "
            + $"{UNet.ContextWidth} numbers and the text encoder gives {text.Width}.");
    }

    private ClipConditioner OpenClip(Device device, ScalarType type)
    {
        var config = ConfigOf(TextFolder, Config, ClipTextConfig.Parse, ClipTextConfig.StableDiffusion)
            with { Projection = null };
        var vocabulary = TokenizerFile(ClipTokenizer.VocabularyFile);
        var tokenizer = ClipTokenizer.Load(vocabulary, TokenizerFile(ClipTokenizer.MergesFile));
        if (tokenizer.Vocabulary.Count > config.VocabularySize)
            throw new CourseException($"The parts in {folder} do not fit: the tokenizer has "
                + $"{tokenizer.Vocabulary.Count} tokens and the text encoder knows {config.VocabularySize}.");
        var beside = Path.GetDirectoryName(vocabulary)!;
        tokenizer = tokenizer.PaddedBy(TokenizerSettings.Padding(beside, tokenizer.Vocabulary, config.Positions));
        using var weights = Weights(TextFolder, type);
        return new ClipConditioner(tokenizer, ClipTextEncoder.Open(weights, config, device, type));
    }

    private WeightFile Weights(string part, ScalarType type)
    {
        if (file is null) return PartFiles.Open(folder, part, type);
        var all = SingleFileKinds.Open(file);
        try
        {
            var names = new SingleFileNames(UNet.ResnetsPerLevel, Autoencoder.Channels.Count,
                averaged && part == UNetFolder ? SingleFileNames.Averages(all) : null);
            return all.Renamed(entry => names.Of(entry, part));
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    // One file has no tokenizer in it: all models of version 1 have CLIP's, from beside it or from the cache.
    private string TokenizerFile(string name)
    {
        var inFolder = Path.Combine(folder, TokenizerFolder, name);
        string[] beside = file is null ? [inFolder] : [inFolder, Path.Combine(folder, name)];
        return beside.FirstOrDefault(File.Exists) ?? (file is null ? beside[0]
            : Downloads.PathIfCached(StableDiffusion.SourceName, $"{TokenizerFolder}/{name}")
                ?? Downloads.PathIfCached("clip", name)
                ?? throw new CourseException($"{file} holds no tokenizer, and there is none beside it: put CLIP's "
                    + $"{ClipTokenizer.VocabularyFile} and {ClipTokenizer.MergesFile} there, or fetch them with "
                    + "./course data fetch clip."));
    }

    private T ConfigOf<T>(string part, string name, Func<string, string, T> read, T otherwise) =>
        JsonFile.Text(Path.Combine(folder, part, name)) is { } text ? read(text, Path.Combine(folder, part, name))
            : otherwise;
}
