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
    private const string ConfigKey = "config", TermsKey = "terms", GeneratorPrefix = "generator:", DiscriminatorPrefix = "discriminator:";

    private GanModel(GanGenerator generator, ICaptionEncoder encoder) => (Generator, Encoder) = (generator, encoder);

    /// <summary>The generator, in evaluation mode.</summary>
    public GanGenerator Generator { get; }

    /// <summary>From captions to vectors.</summary>
    public ICaptionEncoder Encoder { get; }

    /// <summary>What a checkpoint holds: averaged generator, discriminator, measures and the bag's terms, where a bag it was.</summary>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Notes) Pack(GanTrainer trainer, ICaptionEncoder encoder)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (name, value) in trainer.Average.Averages) tensors[GeneratorPrefix + name] = value.clone().DetachFromDisposeScope();
        foreach (var (name, value) in trainer.Discriminator.state_dict()) tensors[DiscriminatorPrefix + name] = value.detach().clone().DetachFromDisposeScope();
        var notes = new Dictionary<string, string> { [ConfigKey] = JsonSerializer.Serialize(trainer.Generator.Config) };
        if (encoder is BagOfWords bag) notes[TermsKey] = JsonSerializer.Serialize(bag.Terms);
        return (tensors, notes);
    }

    public void Dispose() => Generator.Dispose();
}
