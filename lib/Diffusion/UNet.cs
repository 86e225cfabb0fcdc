using ImageGen.Layers;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// The network that says what is noise: latents, a timestep and a text go in, a prediction in the latents' shape comes
/// out (Ronneberger and others, arXiv 1505.04597; Rombach and others, arXiv 2112.10752). Structure and parameter names
/// are those of diffusers' UNet2DConditionModel, so that published weights fit; the same class serves Petals and Stable
/// Diffusion.
/// </summary>
public sealed class UNet : NamedModule<Tensor, Tensor, Tensor, Tensor?, Tensor>
{
    internal const double NormEpsilon = 1e-5;

    // From so many pictures on, of maps up to this side, channels last is the faster layout: by a twentieth. Below, and
    // on Stable Diffusion's maps, it costs more than it saves, since each convolution turns its weights for it, too.
    private const int PicturesToTurn = 8, SideToTurn = 32;

    private readonly Conv2d convIn, convOut;
    private readonly Linear time1, time2;
    private readonly UNetLevel[] downBlocks, upBlocks;
    private readonly UNetMiddle midBlock;
    private readonly GroupNorm normOut;

    /// <summary>Builds it with random weights.</summary>
    /// <param name="config">Its configuration.</param>
    /// <param name="device">Where it lives; the CPU when not given. On <c>meta</c> it has shapes and no memory.</param>
    /// <exception cref="CourseException">The configuration cannot be a U-Net's.</exception>
    public UNet(UNetConfig config, Device? device = null) : base(nameof(UNet))
    {
        Config = config.Checked();
        var channels = config.Channels;
        var levels = channels.Count;
        register_module(
            "conv_in",
            convIn = nn.Conv2d(config.LatentChannels, channels[0], kernel_size: 3, padding: 1, device: device));
        time1 = nn.Linear(channels[0], config.TimeWidth, device: device);
        time2 = nn.Linear(config.TimeWidth, config.TimeWidth, device: device);
        register_module("time_embedding", new Group(("linear_1", time1), ("linear_2", time2)));

        // The channels of the skip connections, in the encoder's order; the decoder takes them from the end.
        var skips = new Stack<int>([channels[0]]);
        downBlocks = new UNetLevel[levels];
        for (var level = 0; level < levels; level++)
        {
            int[] inputs =
                [channels[Math.Max(0, level - 1)], .. Enumerable.Repeat(channels[level], config.ResnetsPerLevel - 1)];
            downBlocks[level] = new(
                inputs, channels[level], config.CrossAttention[level], config, downsamples: level < levels - 1,
                upsamples: false, device);
            foreach (var _ in inputs) skips.Push(channels[level]);
            if (level < levels - 1) skips.Push(channels[level]);
        }
        midBlock = new(channels[^1], config, device);
        upBlocks = new UNetLevel[levels];
        var from = channels[^1];
        for (var level = levels - 1; level >= 0; level--)
        {
            var inputs = new List<int>();
            for (var i = 0; i <= config.ResnetsPerLevel; i++)
                inputs.Add((i == 0 ? from : channels[level]) + skips.Pop());
            from = channels[level];
            upBlocks[levels - 1 - level] = new(
                inputs, from, config.CrossAttention[level], config, downsamples: false, upsamples: level > 0, device);
        }
        register_module("down_blocks", Numbered.Of(downBlocks));
        register_module("mid_block", midBlock);
        register_module("up_blocks", Numbered.Of(upBlocks));
        register_module("conv_norm_out", normOut = Norms.Grouped(channels[0], config.NormGroups, NormEpsilon, device));
        register_module(
            "conv_out",
            convOut = nn.Conv2d(channels[0], config.LatentChannels, kernel_size: 3, padding: 1, device: device));
    }

    /// <summary>Its configuration.</summary>
    public UNetConfig Config { get; }

    /// <summary>Where its numbers are.</summary>
    public Device Device => convIn.weight!.device;

    /// <summary>What its numbers are; latents and context must be the same.</summary>
    public ScalarType Type => convIn.weight!.dtype;

    /// <summary>Predicts.</summary>
    /// <param name="latents">
    /// x_t, <c>[B, 4, h, w]</c>; height and width can be halved as often as there are resolutions below the first.
    /// </param>
    /// <param name="timesteps">t of each picture, <c>[B]</c>, whole or between two.</param>
    /// <param name="context">The words' vectors, <c>[B, T, W]</c>.</param>
    /// <param name="mask">True where a vector is a word's, <c>[B, T]</c> bool; everywhere when null.</param>
    /// <returns>The prediction, <c>[B, 4, h, w]</c>.</returns>
    /// <exception cref="CourseException">A shape does not fit.</exception>
    public override Tensor forward(Tensor latents, Tensor timesteps, Tensor context, Tensor? mask)
    {
        Require(latents, context);
        using var scope = NewDisposeScope();
        // t as a vector: W₂·silu(W₁·embedding(t)), which every residual block adds to its channels.
        var embedding = TimestepEmbedding(timesteps, Config.Channels[0]).to(latents.dtype);
        var time = time2.call(nn.functional.silu(time1.call(embedding))); // [B, TimeWidth]
        var condition = new UNetCondition(time, context, mask?.unsqueeze(1).unsqueeze(1));
        var x = convIn.call(latents.LaidOut(latents.shape is [>= PicturesToTurn, _, <= SideToTurn, <= SideToTurn]));
        var skips = new Stack<Tensor>([x]); // every encoder map, for the decoder
        foreach (var level in downBlocks) x = level.Encode(x, condition, skips);
        x = midBlock.Run(x, condition);     // [B, C, h/f, w/f]
        foreach (var level in upBlocks) x = level.Decode(x, condition, skips);
        return convOut.call(nn.functional.silu(normOut.call(x))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Timesteps as vectors [cos(ω₀t), …, sin(ω₀t), …] with ωᵢ = 10000^(−2i/d), cosines first (Vaswani and others,
    /// arXiv 1706.03762).
    /// </summary>
    /// <param name="timesteps">t, <c>[B]</c>.</param>
    /// <param name="dimension">d, even.</param>
    /// <returns><c>[B, dimension]</c> float32.</returns>
    public static Tensor TimestepEmbedding(Tensor timesteps, int dimension)
    {
        using var scope = NewDisposeScope();
        var half = dimension / 2;
        var frequencies = (arange(half, ScalarType.Float32, timesteps.device) * (-Math.Log(10000) / half)).exp();
        var angles = timesteps.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        return cat([angles.cos(), angles.sin()], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Makes every block begin as nothing added, so that a training from scratch begins calmly.</summary>
    public void InitializeForTraining()
    {
        using var noGrad = no_grad();
        foreach (var (name, parameter) in named_parameters())
            if (
                name.Contains("conv2.", StringComparison.Ordinal)
                    || name.Contains("proj_out.", StringComparison.Ordinal)
                        || name.StartsWith("conv_out.", StringComparison.Ordinal))
                parameter.zero_();
    }

    /// <summary>
    /// Reads a checkpoint that carries its configuration as the note <see cref="AutoencoderKL.ConfigNote"/>.
    /// </summary>
    /// <exception cref="CourseException">The file has no configuration, or does not fit it.</exception>
    public static UNet Load(WeightFile file, Device? device = null)
    {
        if (!file.Metadata.TryGetValue(AutoencoderKL.ConfigNote, out var config))
            throw new CourseException($"{file.Path} does not say which U-Net it belongs "
                + $"to: open it with its configuration, "
                + "by UNet.Open.");
        return Open(file, UNetConfig.FromJson(config, file.Path), device ?? CPU);
    }

    /// <summary>Reads published weights straight to their device and type.</summary>
    /// <param name="file">The weights.</param>
    /// <param name="config">The configuration, from the config.json beside them.</param>
    /// <param name="device">Where it goes.</param>
    /// <param name="type">The type of its numbers, whatever the file's.</param>
    /// <exception cref="CourseException">
    /// The file does not fit: the message lists what is missing or of another shape.
    /// </exception>
    public static UNet Open(WeightFile file, UNetConfig config, Device device, ScalarType type = ScalarType.Float32)
    {
        var model = EmptyModule.Of(nowhere => new UNet(config, nowhere));
        try
        {
            file.LoadIntoEmpty(model, device, type);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model.eval();
        return model;
    }

    private void Require(Tensor latents, Tensor context)
    {
        var factor = 1 << (Config.Channels.Count - 1);
        if (latents.shape is not [> 0, var channels, var height, var width] || channels != Config.LatentChannels
            || height % factor != 0 || width % factor != 0)
            throw new CourseException($"The U-Net takes latents [B, "
                + $"{Config.LatentChannels}, h, w] with h and w multiples "
                + $"of {factor}, and was given [{string.Join(", ", latents.shape)}].");
        if (context.shape is not [_, _, var numbers] || numbers != Config.ContextWidth)
            throw new CourseException($"The U-Net takes word vectors [B, T, {Config.ContextWidth}], and was given "
                + $"[{string.Join(", ", context.shape)}]: use the text encoder it was trained with.");
        if (context.shape[0] != latents.shape[0])
            throw new CourseException($"The U-Net was given {context.shape[0]} texts for "
                + $"{latents.shape[0]} pictures: give "
                + "one for each.");
    }
}
