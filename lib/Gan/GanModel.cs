using System.Text.Json;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>A trained generator with the text encoder it was trained with: from a sentence to a picture.</summary>
public sealed class GanModel : IDisposable
{
    /// <summary>
    /// The checkpoints of the course: one that reads bags of words, one that reads MiniBERT's sentence vectors.
    /// </summary>
    public const string Words = "dcgan-words", Bert = "dcgan-bert";

    private const string ConfigKey = "config", TermsKey = "terms", GeneratorPrefix = "generator:",
        DiscriminatorPrefix = "discriminator:";

    /// <summary>Puts a generator and an encoder together.</summary>
    /// <param name="generator">Goes into evaluation mode, and is freed with the model.</param>
    /// <param name="encoder">The one it was trained with.</param>
    public GanModel(GanGenerator generator, ICaptionEncoder encoder)
    {
        (Generator, Encoder) = (generator, encoder);
        generator.eval();
    }

    /// <summary>The generator, in evaluation mode.</summary>
    public GanGenerator Generator { get; }

    /// <summary>From captions to vectors.</summary>
    public ICaptionEncoder Encoder { get; }

    /// <summary>A checkpoint of the course.</summary>
    /// <param name="name"><see cref="Words"/> or <see cref="Bert"/>.</param>
    /// <exception cref="CourseException">It is missing or damaged.</exception>
    public static GanModel Pretrained(string name)
    {
        using var file = Checkpoints.Open(name);
        return Open(file);
    }

    /// <summary>Reads a checkpoint's generator and what it needs to read captions.</summary>
    /// <param name="file">An open checkpoint of a GAN.</param>
    /// <exception cref="CourseException">
    /// The file is not a GAN's, or its parts do not fit: it names layers and shapes.
    /// </exception>
    public static GanModel Open(WeightFile file)
    {
        var config = ConfigOf(file);
        ICaptionEncoder encoder = file.Metadata.TryGetValue(TermsKey, out var terms)
            ? new BagOfWords(TermsOf(file, terms))
            : new RememberedVectors(BertText.Mini(Compute.Device));
        if (encoder.Width != config.TextWidth)
            throw new CourseException($"The weights file {file.Path} was trained with texts of {config.TextWidth} "
                + $"numbers, but its {encoder.Name} makes {encoder.Width}: train it again with ./course train.");
        var generator = new GanGenerator(config, Compute.Device);
        try
        {
            Fill(generator, file, GeneratorPrefix, withText: true);
        }
        catch
        {
            generator.Dispose();
            throw;
        }
        return new(generator, encoder);
    }

    /// <summary>Draws a picture for each caption.</summary>
    /// <param name="captions">Sentences of any length, an empty one included: then the noise alone decides.</param>
    /// <param name="seed">The seed of its random numbers; the same seed, the same pictures.</param>
    /// <param name="sameNoise">Whether all captions share one z, so that only the text differs.</param>
    /// <returns><c>[N, 3, 64, 64]</c> in [−1, 1].</returns>
    /// <exception cref="CourseException">There is no caption.</exception>
    public Tensor Draw(IReadOnlyList<string> captions, int seed = Seeds.Default, bool sameNoise = false)
    {
        if (captions.Count == 0) throw new CourseException("There is no caption to draw: give at least one.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var noise = Noise(sameNoise ? 1 : captions.Count, seed).expand(captions.Count, -1);
        var pictures = new List<Tensor>();
        // A few at a time: the largest maps of hundreds of pictures would fill the memory.
        for (var at = 0; at < captions.Count; at += 64)
        {
            using var step = NewDisposeScope();
            string[] part = [.. captions.Skip(at).Take(64)];
            pictures.Add(
                Generator.call(noise.narrow(0, at, part.Length), Encoder.Encode(part)).MoveToOuterDisposeScope());
        }
        return cat(pictures).MoveToOuterDisposeScope();
    }

    /// <summary>z for <see cref="Generator"/>, <c>[count, NoiseWidth]</c>.</summary>
    public Tensor Noise(int count, int seed = Seeds.Default)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        return randn([count, Generator.Config.NoiseWidth], generator: generator).to(Compute.Device)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Draws one picture.</summary>
    /// <inheritdoc cref="Draw(IReadOnlyList{string}, int, bool)"/>
    public Picture Draw(string caption, int seed = Seeds.Default)
    {
        using var pixels = Draw([caption], seed);
        return Picture.FromTensor(pixels, PixelRange.MinusOneToOne);
    }

    /// <summary>Frees the generator.</summary>
    public void Dispose() => Generator.Dispose();

    /// <summary>
    /// What a checkpoint holds: the averaged generator, the discriminator, the configuration, and a bag's terms.
    /// </summary>
    /// <param name="trainer">Its weights are copied; the copies belong to the caller.</param>
    /// <param name="encoder">The encoder it was trained with.</param>
    public static (IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Notes) Pack(
        GanTrainer trainer, ICaptionEncoder encoder)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (name, value) in trainer.Average.Averages) tensors[GeneratorPrefix + name] = Copy(value);
        foreach (var (name, value) in trainer.Discriminator.state_dict())
            tensors[DiscriminatorPrefix + name] = Copy(value);
        var notes = new Dictionary<string, string> { [ConfigKey] = JsonSerializer.Serialize(trainer.Generator.Config) };
        if (encoder is BagOfWords bag) notes[TermsKey] = JsonSerializer.Serialize(bag.Terms);
        return (tensors, notes);

        static Tensor Copy(Tensor value) => value.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>
    /// Fills both networks of a training, apart from the layers that read text where those are made for other texts.
    /// </summary>
    internal static void Fill(GanGenerator generator, GanDiscriminator discriminator, WeightFile file)
    {
        var sameText = ConfigOf(file).TextWidth == generator.Config.TextWidth;
        Fill(generator, file, GeneratorPrefix, sameText);
        Fill(discriminator, file, DiscriminatorPrefix, sameText);
    }

    private static void Fill(nn.Module network, WeightFile file, string prefix, bool withText)
    {
        foreach (var (name, part) in network.named_children())
        {
            var start = $"{prefix}{name}.";
            if (withText || name != "text")
                file.LoadInto(
                    part, key => key.StartsWith(start, StringComparison.Ordinal) ? key[start.Length..] : null);
        }
    }

    private static string[] TermsOf(WeightFile file, string terms) =>
        ModelConfig.Parse($$"""{"{{TermsKey}}": {{terms}}}""", file.Path).Words(TermsKey);

    private static GanConfig ConfigOf(WeightFile file)
    {
        try
        {
            if (file.Metadata.TryGetValue(ConfigKey, out var json)
                && JsonSerializer.Deserialize<GanConfig>(json) is { } config)
                return config.Checked();
        }
        catch (JsonException)
        {
        }
        throw new CourseException($"The weights file {file.Path} is no checkpoint of a GAN: it does not say what its "
            + $"networks measure. Train one with ./course train {Words}.");
    }
}
