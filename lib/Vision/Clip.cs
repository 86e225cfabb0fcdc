using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>CLIP with its tokenizer: pictures and texts in, vectors of length 1 out.</summary>
/// <param name="model">Both towers, in evaluation mode; disposed with this object.</param>
/// <param name="tokenizer">From text to the model's ids.</param>
public sealed class Clip(ClipModel model, ClipTokenizer tokenizer) : IPictureTextModel
{
    /// <summary>Both towers.</summary>
    public ClipModel Model => model;

    /// <summary>From text to ids.</summary>
    public ClipTokenizer Tokenizer => tokenizer;

    /// <inheritdoc/>
    public string Description => $"CLIP with patches of {model.Vision.Config.Patch} pixels";

    /// <inheritdoc/>
    public bool IsProxy => false;

    /// <inheritdoc/>
    public double LogitScale => model.LogitScale;

    /// <summary>openai/clip-vit-base-patch32 from its three published files.</summary>
    /// <exception cref="CourseException">A file is missing, damaged or not what its name says.</exception>
    public static Clip Load(string weights, string vocabulary, string merges)
    {
        var tokenizer = ClipTokenizer.Load(vocabulary, merges);
        return new(ClipModel.Load(weights), tokenizer);
    }

    /// <summary>Vectors <c>[B, D]</c> of square pictures <c>[B, 3, S, S]</c> in [−1, 1], resized as <see cref="ClipModel.Preprocess(Tensor)"/> does.</summary>
    public Tensor EmbedPictures(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var prepared = model.Preprocess((pictures.to(Device) + 1) / 2);
        return nn.functional.normalize(model.Vision.call(prepared).Projected).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor EmbedTexts(IReadOnlyList<string> texts)
    {
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Of(tokenizer, texts, model.Text.Config.Positions, fixedLength: true, device: Device);
        return nn.functional.normalize(model.Text.call(batch.Ids).Projected!).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private Device Device => model.parameters().First().device;
}
