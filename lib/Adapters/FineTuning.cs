using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// A LoRA of one's own for a published model, from pictures with captions: those that it will see are encoded once, autoencoder and text
/// encoder are let go of, and then an adapter learns on the U-Net's attention; on weights of 4 bits if memory is short
/// (Hu and others, arXiv 2106.09685; Dettmers and others, arXiv 2305.14314).
/// </summary>
public sealed class FineTuning : IDisposable
{
    private const string StateName = "state.safetensors", EncodedName = "encoded";

    // Where a step takes a minute, a hundred of them are too many to lose.
    private static readonly TimeSpan LostAtMost = TimeSpan.FromMinutes(5);

    private readonly FineTuneOptions options;
    private readonly string folder;
    private readonly DiffusionConfig config;
    private readonly UNet unet;
    private readonly QuantizedModel? quantized;
    private readonly LatentCache data;
    private readonly int latentSide;
    private readonly FineTuneData source;
    private int saveEvery;

    private FineTuning(FineTuneOptions options, FineTuneData source, string folder, DiffusionConfig config, UNet unet, LatentCache data, int latentSide)
    {
        (this.options, this.source, this.folder, this.config, this.unet, this.data, this.latentSide) = (options, source, folder, config, unet, data, latentSide);
        saveEvery = options.SaveEvery;
        if (options.Quantize) quantized = QuantizedModel.Of(unet);
        Adapter = Attach();
    }

    /// <summary>The adapter, on the U-Net.</summary>
    public Lora Adapter { get; }

    /// <summary>Side of the pictures to learn from, in pixels: what a model was trained with, as its configuration says.</summary>
    /// <param name="model">The model's folder or file.</param>
    /// <param name="wanted">Another side; null for that of the model.</param>
    /// <exception cref="CourseException">It is no model, or the wanted side does not fit it.</exception>
    public static int SideOf(string model, int? wanted = null)
    {
        var parts = StableDiffusionParts.Of(model);
        Require(parts, wanted ?? parts.Side);
        return wanted ?? parts.Side;
    }

    /// <summary>Which of a data set's pictures the steps will look at: no others are encoded. More steps, or larger ones, look at more.</summary>
    /// <param name="pictures">How many there are.</param>
    /// <param name="options">How it learns: steps, batch size and seed decide.</param>
    public static IReadOnlyList<int> PicturesSeen(int pictures, FineTuneOptions options) => DiffusionTraining.Seen(pictures, Plan(options), Compute.Device);

    /// <summary>Checks everything, encodes what the steps will look at and is not encoded yet, and leaves in memory what learning needs and nothing else.</summary>
    /// <param name="model">The model's folder or file, as <see cref="StableDiffusion.Open"/> takes it.</param>
    /// <param name="pictures">What to learn; their side is that of the pictures the adapter is made for.</param>
    /// <param name="folder">A folder of the training's own, for its state and for what is encoded.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told how far the encoding is, where there is something to encode.</param>
    /// <param name="cancellation">Stops the encoding; what is encoded stays in the folder, and the next call goes on from it.</param>
    /// <exception cref="CourseException">An option is out of range, the model is missing or damaged, or the pictures' side does not fit it.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static FineTuning Prepare(string model, ICaptionedPictures pictures, string folder, FineTuneOptions? options = null,
        IProgress<EncodingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        options.Check();
        var parts = StableDiffusionParts.Of(model);
        Require(parts, pictures.Side);
        var type = options.Type ?? (Compute.OnGpu ? ScalarType.BFloat16 : ScalarType.Float32);
        var source = new FineTuneData(model, pictures, options, type);
        var data = Encoded(parts, source, folder, progress, cancellation);
        UNet? unet = null;
        try
        {
            unet = parts.OpenUNet(Compute.Device, type);
            return new(options, source, folder, parts.Diffusion, unet, data, pictures.Side / parts.Autoencoder.Factor);
        }
        catch
        {
            unet?.Dispose();
            data.Dispose();
            throw;
        }
    }

    /// <summary>Bytes that encoded pictures and captions take, in memory and on the disk: few for a folder, up to gigabytes for a data set.</summary>
    /// <param name="model">The model's folder or file.</param>
    /// <param name="side">The pictures' side.</param>
    /// <param name="pictures">How many there are.</param>
    /// <param name="captions">How many different captions they have.</param>
    public static long EncodedBytes(string model, int side, int pictures, int captions)
    {
        var parts = StableDiffusionParts.Of(model);
        var picture = (long)parts.Autoencoder.LatentChannels * (side / parts.Autoencoder.Factor) * (side / parts.Autoencoder.Factor);
        return 2 * (picture * pictures + (long)ClipTextConfig.StableDiffusion.Positions * parts.UNet.ContextWidth * captions); // float16
    }

    /// <summary>Whether a folder holds the state of a training to go on with.</summary>
    public static bool CanResume(string folder) => File.Exists(Path.Combine(folder, StateName));

    /// <summary>The memory that it takes from now on.</summary>
    public FineTuneForecast Forecast() => FineTuneForecast.Of(
        unet, quantized?.Bytes ?? TrainingMemory.BytesOf(unet.parameters()), quantized is not null, Adapter.ParameterCount, options.BatchSize, latentSide);

    /// <summary>Makes a step that nothing learns from, and says how long it took: whether memory suffices shows here, too.</summary>
    /// <exception cref="CourseException">Memory ran out.</exception>
    public TimeSpan Try()
    {
        Adapter.Enabled = false; // another one tries
        using var trial = Attach();
        var plan = Plan(options) with { Steps = 1 };
        var first = DiffusionTraining.Run(unet, config, trial, data, plan).Elapsed;
        // A first step also reads the weights from the disk and chooses kernels: a short one is no measure.
        var time = first.TotalSeconds < 20 ? DiffusionTraining.Run(unet, config, trial, data, plan).Elapsed : first;
        Adapter.Enabled = true;
        saveEvery = Math.Clamp((int)(LostAtMost / time), 1, options.SaveEvery);
        return time;
    }

    /// <summary>Learns; the state is kept in the folder, also when it is cancelled.</summary>
    /// <param name="resume">Whether to go on from the state in the folder.</param>
    /// <param name="progress">Told of the steps; may be null.</param>
    /// <param name="cancellation">Stops before the next step.</param>
    /// <exception cref="CourseException">There is no state to go on from, or one of another adapter; or memory ran out.</exception>
    public LoopResult Run(bool resume = false, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (resume) source.Settings(options.Steps).Require(folder, steps => source.Settings(steps).Data);
        source.Settings(options.Steps).Write(folder);
        return DiffusionTraining.Run(unet, config, Adapter, data,
            Plan(options) with { StateFile = Path.Combine(folder, StateName), SaveEvery = saveEvery, Resume = resume }, progress, cancellation);
    }

    /// <summary>Frees the model and what is encoded; the adapter with them.</summary>
    public void Dispose()
    {
        Adapter.Dispose();
        quantized?.Dispose();
        unet.Dispose();
        data.Dispose();
    }

    private Lora Attach() => Lora.Attach(unet, new() { Rank = options.Rank, Seed = options.Seed });

    private static DiffusionOptions Plan(FineTuneOptions options) => new()
    {
        Steps = options.Steps, BatchSize = options.BatchSize, LearningRate = options.LearningRate, Seed = options.Seed,
        WarmUp = Math.Clamp(options.Steps / 20, 1, 100), Decay = 0.99, FirstLossScale = options.FirstLossScale,
    };

    private static LatentCache Encoded(
        StableDiffusionParts parts, FineTuneData source, string folder, IProgress<EncodingProgress>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var autoencoder = new Lazy<AutoencoderKL>(() => parts.OpenAutoencoder(Compute.Device, source.Type));
        var text = new Lazy<ITextConditioner>(() => parts.OpenText(Compute.Device, source.Type));
        try
        {
            // It waits on the CPU: a picture's share of it is small, a data set's is not.
            return MemoryShortage.Explained(
                () => LatentCache.Of(source.Pictures, autoencoder, text, source.CaptionsPerPicture, progress, keep: CPU,
                    new EncodedParts(Path.Combine(folder, EncodedName), source.EncodedWith), source.Seen, cancellation),
                "close other programs, or use smaller pictures");
        }
        finally
        {
            if (autoencoder.IsValueCreated) autoencoder.Value.Dispose();
            if (text.IsValueCreated) (text.Value as IDisposable)?.Dispose();
        }
    }

    private static void Require(StableDiffusionParts parts, int side)
    {
        if (side < parts.Multiple || side % parts.Multiple != 0)
            throw new CourseException($"Pictures of {side} pixels do not fit the model: their sides must be multiples of {parts.Multiple}; {parts.Side} is what it was trained with.");
    }
}
