using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>
/// The whole of CLIP (Radford and others, arXiv 2103.00020): a text tower and a picture tower whose vectors live in one
/// space, and <c>logit_scale</c>, the logarithm of what their cosines are multiplied by. Parameter names are Hugging Face's.
/// </summary>
public sealed class ClipModel : nn.Module
{
    /// <summary>Builds both towers with torch's initial weights: load others into them.</summary>
    /// <exception cref="CourseException">The measures cannot be a CLIP's, or the towers end in different spaces.</exception>
    public ClipModel(ClipTextConfig text, ClipVisionConfig vision, Device? device = null) : base(nameof(ClipModel))
    {
        if (text.Projection != vision.Projection)
            throw new CourseException($"CLIP's towers end in different spaces: Projection is {text.Projection?.ToString() ?? "null"} for texts and {vision.Projection} for pictures.");
        (Text, Vision) = (new(text, device), new(vision, device));
        // The towers' own children carry the published names; the towers themselves have none there.
        foreach (var (name, part) in Text.named_children().Concat(Vision.named_children())) register_module(name, part);
        register_parameter("logit_scale", nn.Parameter(tensor(MathF.Log(1 / 0.07f), device: device).DetachFromDisposeScope())); // the paper's temperature at the start
    }

    /// <summary>The text tower.</summary>
    public ClipTextEncoder Text { get; }

    /// <summary>The picture tower.</summary>
    public ClipVisionEncoder Vision { get; }

    /// <summary>What cosines are multiplied by: <c>exp(logit_scale)</c>, 100 in the published models.</summary>
    public double LogitScale => Math.Exp(get_parameter("logit_scale")!.ToDouble());

    /// <summary>Reads a published file.</summary>
    /// <param name="path">Of openai/clip-vit-base-patch32, or of any CLIP with the same names, or with those of OpenAI's own code.</param>
    /// <param name="text">The text tower's measures; those of clip-vit-base-patch32 when not given.</param>
    /// <param name="vision">The picture tower's, likewise.</param>
    /// <exception cref="CourseException">The file is missing or damaged, or is another model.</exception>
    public static ClipModel Load(string path, ClipTextConfig? text = null, ClipVisionConfig? vision = null)
    {
        var model = MemoryShortage.Explained(() => new ClipModel(text ?? ClipTextConfig.Base,
            vision ?? ClipVisionConfig.Base), "close other programs, if these are the model's measures");
        try
        {
            using var file = OpenAiClip.Translated(WeightFile.Open(path));
            file.LoadInto(model, Rename);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model.to(Compute.Device);
        model.eval();
        return model;
    }

    /// <summary>From a name in a published file to this module's; null for the lists of positions, which are no weights.</summary>
    public static string? Rename(string name) => name.EndsWith("position_ids", StringComparison.Ordinal) ? null : name;

    /// <summary>Pictures as the tower takes them: the shorter side resized to <see cref="ClipVisionConfig.Side"/> (bicubic, antialiased, as Pillow does), the middle cut, normalized.</summary>
    /// <returns><c>[B, 3, Side, Side]</c>.</returns>
    public Tensor Preprocess(params IReadOnlyList<Picture> pictures)
    {
        using var scope = NewDisposeScope();
        return Normalization.Clip.Apply(cat([.. pictures.Select(picture => Framed(picture).ToTensor())])).MoveToOuterDisposeScope();
    }

    /// <summary>The same for square tensors, with gradients.</summary>
    /// <param name="pictures"><c>[B, 3, S, S]</c> in [0, 1].</param>
    /// <returns><c>[B, 3, Side, Side]</c>.</returns>
    public Tensor Preprocess(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var side = Vision.Config.Side;
        var resized = pictures.shape[2] == side && pictures.shape[3] == side ? pictures : Resampler.Resize(pictures, side, side).clamp(0, 1);
        return Normalization.Clip.Apply(resized).MoveToOuterDisposeScope();
    }

    private Picture Framed(Picture picture)
    {
        var side = Vision.Config.Side;
        var shorter = Math.Min(picture.Width, picture.Height);
        // Hugging Face cuts the longer side's fraction off: 224·500/333 = 336.3… becomes 336.
        return picture.Resize((int)((long)side * picture.Width / shorter), (int)((long)side * picture.Height / shorter)).Crop(side, side);
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}
