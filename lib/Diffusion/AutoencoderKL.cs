using ImageGen.Layers;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Pictures to latents and back: the autoencoder of latent diffusion (Rombach and others, arXiv 2112.10752), with the
/// structure and the parameter names of diffusers' AutoencoderKL, so that published weights fit.
/// </summary>
public sealed class AutoencoderKL : NamedModule<Tensor, Tensor>
{
    internal const double NormEpsilon = 1e-6;

    /// <summary>The note of a checkpoint that holds its configuration.</summary>
    public const string ConfigNote = "config";

    private readonly AutoencoderEncoder encoder;
    private readonly AutoencoderDecoder decoder;
    private readonly Conv2d toLatents, fromLatents;

    /// <summary>Builds it with random weights.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    /// <exception cref="CourseException">The configuration cannot be an autoencoder's.</exception>
    public AutoencoderKL(AutoencoderConfig config, Device? device = null) : base(nameof(AutoencoderKL))
    {
        Config = config.Checked();
        var latent = config.LatentChannels;
        encoder = new(config, device);
        decoder = new(config, device);
        toLatents = nn.Conv2d(2 * latent, 2 * latent, kernel_size: 1, device: device);
        fromLatents = nn.Conv2d(latent, latent, kernel_size: 1, device: device);
        register_module("encoder", encoder);
        register_module("decoder", decoder);
        register_module("quant_conv", toLatents);
        register_module("post_quant_conv", fromLatents);
    }

    /// <summary>Its configuration.</summary>
    public AutoencoderConfig Config { get; }

    /// <summary>Where its numbers are.</summary>
    public Device Device => toLatents.weight!.device;

    /// <summary>What its numbers are.</summary>
    public ScalarType Type => toLatents.weight!.dtype;

    /// <summary>The distribution of the latents of pictures, not scaled.</summary>
    /// <param name="pictures">
    /// <c>[B, 3, H, W]</c> in [−1, 1]; height and width are multiples of <see cref="AutoencoderConfig.Factor"/>.
    /// </param>
    /// <exception cref="CourseException">The pictures have another shape.</exception>
    public LatentDistribution Encode(Tensor pictures)
    {
        Require(pictures);
        using var scope = NewDisposeScope();
        var parts = toLatents.call(encoder.call(pictures.LaidOut(true))).chunk(2, dim: 1);
        return new(parts[0].MoveToOuterDisposeScope(), parts[1].clamp(-30, 20).MoveToOuterDisposeScope());
    }

    /// <summary>The pictures of latents.</summary>
    /// <param name="latents"><c>[B, 4, h, w]</c>, not scaled.</param>
    /// <returns><c>[B, 3, h·f, w·f]</c>, about in [−1, 1].</returns>
    public Tensor Decode(Tensor latents)
    {
        using var scope = NewDisposeScope();
        return decoder.call(fromLatents.call(latents).LaidOut(true)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Pictures to latents of deviation 1: the likeliest ones, times <see cref="AutoencoderConfig.ScalingFactor"/>, in
    /// float32 whatever the model's type. No gradients.
    /// </summary>
    /// <inheritdoc cref="Encode"/>
    public Tensor ToLatents(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return (Encode(pictures.to(Type)).Mean.to(ScalarType.Float32) * Config.ScalingFactor).MoveToOuterDisposeScope();
    }

    /// <summary>Latents of deviation 1 to pictures, in float32 whatever the model's type. No gradients.</summary>
    /// <param name="latents"><c>[B, 4, h, w]</c>, scaled.</param>
    /// <returns><c>[B, 3, h·f, w·f]</c>, clamped to [−1, 1].</returns>
    public Tensor ToPictures(Tensor latents)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Decode((latents / Config.ScalingFactor).to(Type)).to(ScalarType.Float32).clamp(-1, 1)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Pictures through the latents and back, <c>[B, 3, H, W]</c> in about [−1, 1].</summary>
    public override Tensor forward(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        return Decode(Encode(pictures).Mean).MoveToOuterDisposeScope();
    }

    /// <summary>The parameters on the way to the latents, by their names in the whole.</summary>
    internal IEnumerable<(string Name, Parameter Value)> EncoderParameters() =>
        named_parameters().Where(parameter => IsEncoders(parameter.name));

    /// <summary>The parameters on the way back to pictures.</summary>
    internal IEnumerable<Parameter> DecoderParameters() =>
        named_parameters().Where(parameter => !IsEncoders(parameter.name)).Select(parameter => parameter.parameter);

    /// <summary>
    /// Weights to train from. Every convolution keeps the size of what passes through it: weights of variance 1 /
    /// inputs (LeCun and others, "Efficient BackProp", 1998); with torch's own, a third of that, colors are learned
    /// late. Every residual block begins as nothing added, and the latents with little noise, so that the first steps
    /// learn to pass the picture on.
    /// </summary>
    public void InitializeForTraining()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, parameter) in named_parameters())
            if (name.Contains("conv2.", StringComparison.Ordinal)
                || name.Contains("to_out.0.", StringComparison.Ordinal))
                parameter.zero_();
            else if (parameter.dim() == 4) parameter.normal_(0, 1 / Math.Sqrt(parameter.numel() / parameter.shape[0]));
            else if (
                name.Contains("conv", StringComparison.Ordinal)
                    && !name.Contains("norm", StringComparison.Ordinal)) parameter.zero_();
        toLatents.weight![Config.LatentChannels..].zero_();
        toLatents.bias![Config.LatentChannels..].fill_(-6); // ln σ²: σ = 0.05
    }

    /// <summary>
    /// The autoencoder that comes with the course: flowers of 64×64 pixels to latents of 16×16×4 and back.
    /// </summary>
    /// <exception cref="CourseException">Its checkpoint is missing or damaged.</exception>
    public static AutoencoderKL Pretrained()
    {
        using var file = Checkpoints.Open("autoencoder");
        return Load(file, Compute.Device);
    }

    /// <summary>
    /// Reads a checkpoint that carries its configuration as a note, such as the course's own <c>autoencoder</c>.
    /// </summary>
    /// <exception cref="CourseException">The file has no configuration, or does not fit it.</exception>
    public static AutoencoderKL Load(WeightFile file, Device? device = null)
    {
        if (!file.Metadata.TryGetValue(ConfigNote, out var config))
            throw new CourseException($"{file.Path} does not say which autoencoder it belongs to: open it with its "
                + "configuration, by AutoencoderKL.Open.");
        return Open(file, AutoencoderConfig.FromJson(config, file.Path), device ?? CPU);
    }

    /// <summary>Reads published weights straight to their device and type.</summary>
    /// <param name="file">The weights; old names of the attention's layers are understood.</param>
    /// <param name="config">The configuration, from the config.json beside them.</param>
    /// <param name="device">Where it goes.</param>
    /// <param name="type">The type of its numbers, whatever the file's.</param>
    /// <exception cref="CourseException">
    /// The file does not fit: the message lists what is missing or of another shape.
    /// </exception>
    public static AutoencoderKL Open(
        WeightFile file, AutoencoderConfig config, Device device, ScalarType type = ScalarType.Float32)
    {
        var model = EmptyModule.Of(nowhere => new AutoencoderKL(config, nowhere));
        try
        {
            file.LoadIntoEmpty(model, device, type, Rename);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model.eval();
        return model;
    }

    /// <summary>
    /// From a name in a published file to this module's name: before 2023 the attention's layers were called query,
    /// key, value and proj_attn.
    /// </summary>
    public static string Rename(string name)
    {
        if (!name.Contains(".attentions.", StringComparison.Ordinal)) return name;
        (string, string)[] renamed = [("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0")];
        foreach (var (old, now) in renamed)
            name = name.Replace($".{old}.", $".{now}.", StringComparison.Ordinal);
        return name;
    }

    private static bool IsEncoders(string name) => name.StartsWith("encoder.", StringComparison.Ordinal)
        || name.StartsWith("quant_conv.", StringComparison.Ordinal);

    private void Require(Tensor pictures)
    {
        if (pictures.shape is not [_, 3, _, _])
            throw new CourseException($"The autoencoder takes pictures [B, 3, H, W], and was given "
                + $"[{string.Join(", ", pictures.shape)}].");
        var (height, width) = (pictures.shape[2], pictures.shape[3]);
        var factor = Config.Factor;
        if (height % factor != 0 || width % factor != 0 || height == 0 || width == 0)
            throw new CourseException($"A picture of {width}×{height} pixels does not fit the autoencoder: width and "
                + $"height must be multiples of {factor}, "
                + $"for example {Near(width)}×{Near(height)}.");

        long Near(long side) => Math.Max(1, (side + factor / 2) / factor) * factor;
    }
}
