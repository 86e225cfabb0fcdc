using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// CLIP's vectors, as Stable Diffusion 1 attends to them: always 77, filled up with end tokens, without a mask. Prompts
/// may give words a weight, as <see cref="PromptWeights"/> says.
/// </summary>
/// <remarks>
/// A weight w moves a word's vector v to v₀ + w·(v − v₀), where v₀ is what the empty prompt has at the same place: 0
/// takes out what the word says there, 1 leaves it, more than 1 overdraws it. Words after it, which have read it, keep
/// theirs.
/// </remarks>
/// <param name="tokenizer">CLIP's tokenizer.</param>
/// <param name="encoder">CLIP's text tower; disposed with this object.</param>
public sealed class ClipConditioner(ClipTokenizer tokenizer, ClipTextEncoder encoder) : ITextConditioner, IDisposable
{
    /// <summary>CLIP's text tower.</summary>
    public ClipTextEncoder Encoder => encoder;

    /// <summary>
    /// Which layer's vectors are taken, counted from the end: 1 is the last; some community models ask for 2, the
    /// second last.
    /// </summary>
    /// <exception cref="CourseException">The text tower has not so many layers.</exception>
    public int ClipSkip
    {
        get;
        set => field = value >= 1 && value <= encoder.Config.Layers ? value
            : throw new CourseException($"ClipSkip is {value}: it must be 1, the last layer, to "
                + $"{encoder.Config.Layers}, the first.");
    } = 1;

    /// <inheritdoc/>
    public int Width => encoder.Config.Width;

    /// <inheritdoc/>
    public int MaxTokens => encoder.Config.Positions;

    /// <inheritdoc/>
    public ITextTokenizer Tokenizer => tokenizer;

    /// <summary>From text to ids, with its pieces.</summary>
    public ClipTokenizer Clip => tokenizer;

    /// <inheritdoc/>
    public IReadOnlyList<int> Tokens(string text) => [.. Weighted(text).Select(token => token.Id)];

    /// <inheritdoc/>
    public TextConditions Encode(IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) throw new CourseException("There is no prompt: give at least one.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var device = encoder.parameters().First().device;
        var rows = texts.Select(text => Cut(Weighted(text))).ToList();
        var batch = TokenBatch.Of(
            [.. rows.Select(row => row.Select(token => token.Id).ToArray())], tokenizer.PadId, MaxTokens, device);
        var vectors = encoder.forward(batch.Ids, ClipSkip).Sequence;
        if (rows.All(row => row.All(token => token.Weight == 1))) return new(vectors.MoveToOuterDisposeScope(), null);

        var weights = ones([rows.Count, MaxTokens, 1], vectors.dtype, device);
        for (var i = 0; i < rows.Count; i++)
            for (var j = 0; j < rows[i].Count; j++)
                if (rows[i][j].Weight != 1) weights[i, j] = (float)rows[i][j].Weight;
        var nothing = encoder.forward(
            TokenBatch.Of([[tokenizer.StartId, tokenizer.EndId]], tokenizer.PadId, MaxTokens, device).Ids,
            ClipSkip).Sequence;
        return new((nothing + weights * (vectors - nothing)).MoveToOuterDisposeScope(), null);
    }

    /// <inheritdoc/>
    public void Dispose() => encoder.Dispose();

    private List<(int Id, double Weight)> Weighted(string text) =>
    [
        (tokenizer.StartId, 1),
        .. PromptWeights.Parse(text).SelectMany(
            part => tokenizer.Tokenize(part.Text).Select(piece => (tokenizer.Vocabulary.Require(piece), part.Weight))),
        (tokenizer.EndId, 1),
    ];

    private List<(int Id, double Weight)> Cut(List<(int Id, double Weight)> row) =>
        row.Count <= MaxTokens ? row : [.. row.Take(MaxTokens - 1), row[^1]];
}
