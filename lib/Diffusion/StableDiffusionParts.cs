using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>A published model whose configurations are read and whose weights are not: each part can be opened by itself.</summary>
internal sealed class StableDiffusionParts
{
    internal const string UNetFolder = "unet", AutoencoderFolder = "vae", TextFolder = "text_encoder", TokenizerFolder = "tokenizer", SchedulerFolder = "scheduler";
    internal const string Config = "config.json", Schedule = "scheduler_config.json";

    private readonly string folder;
    private readonly bool textIsBert;

    private StableDiffusionParts(string folder)
    {
        this.folder = folder;
        textIsBert = ModelIndex.Read(folder).TextIsBert;
        Diffusion = ConfigOf(SchedulerFolder, Schedule, DiffusionConfig.FromJson, DiffusionConfig.StableDiffusion);
        UNet = ConfigOf(UNetFolder, Config, UNetConfig.FromJson, UNetConfig.StableDiffusion);
        Autoencoder = ConfigOf(AutoencoderFolder, Config, AutoencoderConfig.FromJson, AutoencoderConfig.StableDiffusion);
        if (UNet.LatentChannels != Autoencoder.LatentChannels)
            throw new CourseException($"The parts in {folder} do not fit: the U-Net takes latents of {UNet.LatentChannels} channels and the autoencoder makes {Autoencoder.LatentChannels}.");
    }

    /// <summary>Reads the configurations in a folder.</summary>
    internal static StableDiffusionParts Of(string folder) => Directory.Exists(folder)
        ? new(folder)
        : throw new CourseException($"There is no folder {folder}: name the one that holds model_index.json, or unet and vae.");

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
        using var weights = PartFiles.Open(folder, UNetFolder, type);
        return ImageGen.Diffusion.UNet.Open(weights, UNet, device, type);
    }

    internal AutoencoderKL OpenAutoencoder(Device device, ScalarType type)
    {
        using var weights = PartFiles.Open(folder, AutoencoderFolder, type);
        return AutoencoderKL.Open(weights, Autoencoder, device, type);
    }

    /// <exception cref="CourseException">It is missing or damaged, or its vectors are not as wide as those that the U-Net looks at.</exception>
    internal ITextConditioner OpenText(Device device, ScalarType type)
    {
        ITextConditioner text = textIsBert ? new BertConditioner(BertText.Load(Path.Combine(folder, TextFolder), device)) : OpenClip(device, type);
        if (text.Width == UNet.ContextWidth) return text;
        (text as IDisposable)?.Dispose();
        throw new CourseException($"The parts in {folder} do not fit: the U-Net looks at word vectors of {UNet.ContextWidth} numbers and the text encoder gives {text.Width}.");
    }

    private ClipConditioner OpenClip(Device device, ScalarType type)
    {
        var path = Path.Combine(folder, TextFolder, Config);
        var config = File.Exists(path) ? ClipTextConfig.Load(path) with { Projection = null } : ClipTextConfig.StableDiffusion;
        var tokenizer = ClipTokenizer.Load(Path.Combine(folder, TokenizerFolder, ClipTokenizer.VocabularyFile), Path.Combine(folder, TokenizerFolder, ClipTokenizer.MergesFile));
        if (tokenizer.Vocabulary.Count > config.VocabularySize)
            throw new CourseException($"The parts in {folder} do not fit: the tokenizer has {tokenizer.Vocabulary.Count} tokens and the text encoder knows {config.VocabularySize}.");
        using var weights = PartFiles.Open(folder, TextFolder, type);
        return new ClipConditioner(tokenizer, ClipTextEncoder.Open(weights, config, device, type));
    }

    private T ConfigOf<T>(string part, string name, Func<string, string, T> read, T otherwise) =>
        PartFiles.Text(Path.Combine(folder, part, name)) is { } text ? read(text, Path.Combine(folder, part, name)) : otherwise;
}
