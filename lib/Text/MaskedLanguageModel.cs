using ImageGen.Layers;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>
/// BERT with the head it is trained by: for every token, a score for every word of the vocabulary (Devlin and others,
/// arXiv 1810.04805; names of Hugging Face's BertForMaskedLM). The score is how well the token's vector fits the word's:
/// the head has no table of its own but reads the word vectors backwards ("tied").
/// </summary>
public sealed class MaskedLanguageModel : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Linear transform;
    private readonly LayerNorm norm;
    private readonly Head head;

    /// <summary>Builds the model with torch's initial weights: load others into it, or <see cref="Initialize(int)"/> it to train.</summary>
    /// <exception cref="Runtime.CourseException">The measures cannot be a BERT's.</exception>
    public MaskedLanguageModel(BertConfig config, Device? device = null) : base(nameof(MaskedLanguageModel))
    {
        Encoder = new(config, pooler: false, device);
        transform = nn.Linear(config.Width, config.Width, device: device);
        norm = nn.LayerNorm(config.Width, eps: config.NormEpsilon, device: device);
        head = new(config.VocabularySize, new Group(("dense", transform), ("LayerNorm", norm)), device);

        register_module("bert", Encoder);
        register_module("cls", new Group(("predictions", head)));
    }

    /// <summary>The encoder under the head.</summary>
    public BertEncoder Encoder { get; }

    /// <summary>The scores <c>[B, T, VocabularySize]</c> (logits) of <c>[B, T]</c> ids under their <c>[B, T]</c> mask.</summary>
    public override Tensor forward(Tensor ids, Tensor mask)
    {
        using var scope = NewDisposeScope();
        return Scores(Encoder.forward(ids, mask).Sequence).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The scores <c>[N, VocabularySize]</c> of the tokens that <paramref name="where"/> (<c>[B, T]</c> bool) marks, row by
    /// row: training asks for one token in seven, and the scores are the largest tensor of all.
    /// </summary>
    public Tensor ScoresAt(Tensor ids, Tensor mask, Tensor where)
    {
        using var scope = NewDisposeScope();
        var sequence = Encoder.forward(ids, mask).Sequence;
        return Scores(sequence[where]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="BertEncoder.Initialize(int)"/>
    public void Initialize(int seed) => BertEncoder.Initialize(this, seed);

    /// <summary>Loads published weights with their masked-language head, as bert-base-uncased's file has it.</summary>
    /// <exception cref="Runtime.CourseException">The file cannot be read or does not fit: the message lists what is missing or of another shape.</exception>
    public void Load(string path)
    {
        using var file = WeightFile.Open(path);
        file.LoadInto(this, Rename);
    }

    /// <summary>From a name in a published file to this module's name; null for what is not part of it.</summary>
    public string? Rename(string name) =>
        BertNames.Modern(name) is { } modern
        && !modern.StartsWith("bert.pooler.", StringComparison.Ordinal)
        && !modern.StartsWith("cls.seq_relationship.", StringComparison.Ordinal) // the second head of pre-training
        && !modern.StartsWith("cls.predictions.decoder.", StringComparison.Ordinal) // tied: the word vectors and the bias again
            ? modern
            : null;

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }

    /// <summary>The scores <c>[…, VocabularySize]</c> of vectors <c>[…, W]</c> that the encoder gave: <c>E·LN(gelu(W·x)) + b</c>, with E the word vectors.</summary>
    public Tensor Scores(Tensor sequence) =>
        nn.functional.linear(norm.call(nn.functional.gelu(transform.call(sequence))), Encoder.WordVectors, head.bias);

    private sealed class Head : nn.Module, ITakesParameters
    {
        // TorchSharp puts another parameter here when the module moves, and finds the field by this name.
        internal Parameter bias;

        internal Head(int size, nn.Module transform, Device? device) : base(nameof(Head))
        {
            bias = new(zeros(size, device: device));
            register_parameter(nameof(bias), bias);
            register_module("transform", transform);
        }

        void ITakesParameters.Take(string name, Parameter value)
        {
            bias = value;
            ConditionallyRegisterParameter(name, value);
        }
    }
}
