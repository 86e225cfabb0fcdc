using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static ImageGen.Diffusion.StableDiffusionParts;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Models in the folders in which Stable Diffusion 1 is published, those of diffusers: <c>model_index.json</c>, and a
/// folder each for <c>unet</c>, <c>vae</c>, <c>text_encoder</c>, <c>tokenizer</c> and <c>scheduler</c> with weights and
/// a configuration. Where a configuration is missing, Stable Diffusion 1.5's stands in. Checkpoints that are one file
/// with all weights, under the names of the first code, are opened as well.
/// </summary>
public static class StableDiffusion
{
    /// <summary>Its name in data/sources.json.</summary>
    public const string SourceName = "sd15";

    private const string Weights = "diffusion_pytorch_model.safetensors";

    /// <summary>Stable Diffusion 1.5 from the cache of downloads.</summary>
    /// <inheritdoc cref="Open"/>
    /// <exception cref="CourseException">It was not fetched yet, or a file is not the published one.</exception>
    public static LatentDiffusion Published(Device? device = null, ScalarType? type = null) =>
        Open(Downloads.PathIfCached(SourceName) ?? throw new CourseException($"Stable Diffusion 1.5 is not in the "
            + $"cache: fetch its 4.3 GB with ./course data fetch {SourceName}."), device, type);

    /// <summary>Opens a folder or a file. Every tensor goes straight from its file to its device and type.</summary>
    /// <param name="path">A folder, published or written by <see cref="Save"/>; or one file such as
    /// v1-5-pruned-emaonly.safetensors, with
    /// CLIP's tokenizer beside it or in the cache of downloads.</param>
    /// <param name="device">Where the models go; the course's device when null.</param>
    /// <param name="type">
    /// Float32, BFloat16 or Float16; half on a GPU and float32 on the CPU when null. Files of another type are
    /// converted.
    /// </param>
    /// <param name="averaged">
    /// Whether the U-Net's averaged (EMA) weights are taken, where a checkpoint of one file has them beside the trained
    /// ones.
    /// </param>
    /// <exception cref="CourseException">
    /// A part is missing or damaged, does not fit the others, or is another kind of model.
    /// </exception>
    public static LatentDiffusion Open(
        string path, Device? device = null, ScalarType? type = null, bool averaged = false)
    {
        var files = StableDiffusionParts.Of(path, averaged);
        device ??= Compute.Device;
        var numbers = type ?? (device.type == DeviceType.CPU ? ScalarType.Float32 : ScalarType.Float16);
        if (numbers is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16))
            throw new CourseException($"The weights cannot be {numbers}: they can be Float32, BFloat16 or Float16.");
        var parts = new Stack<IDisposable>();
        try
        {
            var text = Kept(files.OpenText(device, numbers));
            var autoencoder = Kept(files.OpenAutoencoder(device, numbers));
            return new(autoencoder, Kept(files.OpenUNet(device, numbers)), text, files.Diffusion);
        }
        catch
        {
            foreach (var part in parts) part.Dispose();
            throw;
        }

        T Kept<T>(T part)
        {
            if (part is IDisposable disposable) parts.Push(disposable);
            return part;
        }
    }

    /// <summary>
    /// Writes a model in the same folders; model_index.json, which says that all is there, comes last.
    /// </summary>
    /// <param name="model">With CLIP or a BERT for text.</param>
    /// <param name="folder">Made where it does not exist.</param>
    /// <param name="type">How to store the weights; half of the space in Float16.</param>
    /// <remarks>
    /// With a BERT the layout is the same and the text encoder is not Stable Diffusion's: other programs will not make
    /// pictures with it.
    /// </remarks>
    /// <exception cref="CourseException">A file cannot be written, or the text encoder is another.</exception>
    public static void Save(LatentDiffusion model, string folder, ScalarType type = ScalarType.Float16)
    {
        foreach (var part in new[] { UNetFolder, AutoencoderFolder, TextFolder, TokenizerFolder, SchedulerFolder })
            PartFiles.Make(Path.Combine(folder, part));
        switch (model.Text)
        {
            case ClipConditioner clip:
                SafeTensors.Save(In(TextFolder, BertText.WeightsFile), clip.Encoder, type);
                clip.Encoder.Config.Save(In(TextFolder, Config));
                clip.Clip.Save(In(TokenizerFolder));
                break;
            case BertConditioner bert:
                bert.Bert.Save(In(TextFolder), type);
                bert.Bert.Tokenizer.Vocabulary.Save(In(TokenizerFolder, BertText.VocabularyFile));
                break;
            default: throw new CourseException($"A {model.Text.GetType().Name} cannot be written: the text encoder "
                + $"must be CLIP or a BERT.");
        }
        SafeTensors.Save(In(AutoencoderFolder, Weights), model.Autoencoder, type);
        JsonFile.Write(In(AutoencoderFolder, Config), model.Autoencoder.Config.ToJson() + "\n");
        SafeTensors.Save(In(UNetFolder, Weights), model.UNet, type);
        JsonFile.Write(In(UNetFolder, Config), model.UNet.Config.ToJson() + "\n");
        JsonFile.Write(In(SchedulerFolder, Schedule), model.Config.ToJson() + "\n");
        ModelIndex.Write(folder, isBert: model.Text is BertConditioner, model.Config.Scheduler);

        string In(params ReadOnlySpan<string> parts) => Path.Combine([folder, .. parts]);
    }
}
