using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>
/// A small CLIP of the course's own: a <see cref="PictureTrunk"/> for pictures of 64×64 and CLIP's text tower at a small
/// size, trained on <see cref="Data.Petals"/> to put a picture and its captions at one place. It knows flowers and nothing
/// else: whatever it measures is a proxy, and is called so.
/// </summary>
public sealed class MiniClip : nn.Module, IPictureTextModel, IPictureFeatures
{
    /// <summary>The side of the pictures it looks at.</summary>
    public const int Side = 64;

    /// <summary>Numbers of a vector in the space that pictures and texts share.</summary>
    public const int Shared = 64;

    /// <summary>The note in a weights file that holds the vocabulary, a token a line.</summary>
    internal const string VocabularyNote = "vocabulary";

    private const int Positions = 48;

    private readonly PictureTrunk trunk;
    private readonly Linear projection;
    private readonly ClipTextEncoder text;

    /// <summary>Builds a model that knows nothing yet.</summary>
    public MiniClip(Vocabulary vocabulary, Device? device = null) : base(nameof(MiniClip))
    {
        Tokenizer = new(vocabulary);
        trunk = new(device);
        projection = nn.Linear(PictureTrunk.Features, Shared, hasBias: false, device: device);
        text = new(new ClipTextConfig(vocabulary.Count, Width: 96, Layers: 2, Heads: 4, FeedForward: 192, Positions: Positions,
            Projection: Shared, EndId: vocabulary.Require(WordPieceTokenizer.End)), device);
        // As CLIP begins: torch's own embeddings are fifty times as large, and places would drown words.
        foreach (var (name, table) in text.named_parameters())
            if (name.Contains("embedding", StringComparison.Ordinal)) nn.init.normal_(table, 0, 0.02);
        register_module("trunk", trunk);
        register_module("projection", projection);
        register_module("text", text);
        register_parameter("logit_scale", nn.Parameter(tensor(MathF.Log(1 / 0.07f), device: device).DetachFromDisposeScope()));
    }

    /// <summary>From captions to ids.</summary>
    public WordPieceTokenizer Tokenizer { get; }

    /// <inheritdoc/>
    public string Description => "MiniCLIP, a proxy trained on drawn flowers";

    /// <inheritdoc/>
    public bool IsProxy => true;

    /// <summary>The mean of each map, as Inception's features are, but at all four sizes: see <see cref="PictureTrunk.Levels"/>.</summary>
    public int Width => PictureTrunk.LevelFeatures;

    /// <inheritdoc/>
    public double LogitScale => Math.Exp(LogScale.ToDouble());

    internal Parameter LogScale => get_parameter("logit_scale")!;

    private Device Device => projection.weight!.device;

    /// <summary>The MiniCLIP that comes with the course.</summary>
    /// <exception cref="CourseException">Its checkpoint is missing or damaged.</exception>
    public static MiniClip Pretrained() => From(Checkpoints.Open("miniclip"));

    /// <summary>Reads a model with its vocabulary.</summary>
    /// <exception cref="CourseException">The file is missing, damaged or another model's.</exception>
    public static MiniClip Load(string path) => From(WeightFile.Open(path));

    private static MiniClip From(WeightFile opened)
    {
        using var file = opened;
        if (!file.Metadata.TryGetValue(VocabularyNote, out var tokens))
            throw new CourseException($"The weights file {file.Path} carries no vocabulary: it is not a MiniCLIP.");
        var model = new MiniClip(new(tokens.Split('\n')));
        try
        {
            file.LoadInto(model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model.to(Compute.Device);
        model.eval();
        foreach (var parameter in model.parameters()) parameter.requires_grad_(false); // it measures, and learns no more
        return model;
    }

    /// <summary>The notes that a weights file must carry.</summary>
    public IReadOnlyDictionary<string, string> Notes => new Dictionary<string, string> { [VocabularyNote] = string.Join('\n', Tokenizer.Vocabulary.Tokens) };

    /// <inheritdoc/>
    public Tensor EmbedPictures(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        return nn.functional.normalize(projection.call(trunk.call(Checked(pictures)))).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor EmbedTexts(IReadOnlyList<string> texts)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of(Tokenizer, texts, Positions, device: Device);
        return nn.functional.normalize(text.forward(batch.Ids).Projected!).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Features(Tensor pictures) => trunk.Levels(Checked(pictures));

    private Tensor Checked(Tensor pictures) => pictures.shape is [> 0, 3, Side, Side]
        ? pictures.to(Device)
        : throw new CourseException($"MiniCLIP looks at pictures [B, 3, {Side}, {Side}], and was given [{string.Join(", ", pictures.shape)}].");

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}
