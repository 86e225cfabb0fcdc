using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// The model that lesson 10 works with, always read from Stable Diffusion's folders: the published one at full scale,
/// where it is in the cache; else the course's own model of flowers, written into such folders first; and where that is
/// not trained, a small one with random weights, whose pictures are nothing but noise.
/// </summary>
public sealed class CourseDiffusion : IDisposable
{
    private const int Merges = 300;

    private CourseDiffusion(
        LatentDiffusion model, string folder, ClipConditioner words, string reason, string[] prompts) =>
        (Model, Folder, Words, Reason, Prompts) = (model, folder, words, reason, prompts);

    /// <summary>Makes pictures.</summary>
    public LatentDiffusion Model { get; }

    /// <summary>Where it was read from.</summary>
    public string Folder { get; }

    /// <summary>
    /// CLIP's tokenizer and text tower: the model's own, or small ones of the same kind, the tokenizer learned from the
    /// course's captions and the tower random.
    /// </summary>
    public ClipConditioner Words { get; }

    /// <summary>Which model it is and why, in a sentence or two.</summary>
    public string Reason { get; }

    /// <summary>Four texts of the kind that it was trained on.</summary>
    public IReadOnlyList<string> Prompts { get; }

    /// <summary>Chooses, writes where it must, and opens.</summary>
    /// <param name="folder">
    /// Where a model that is not published is written; the repository's <c>out/stable-diffusion</c> when null.
    /// </param>
    /// <exception cref="CourseException">A file is damaged, or the folder cannot be written.</exception>
    public static CourseDiffusion Open(string? folder = null)
    {
        if (Scales.Current == Scale.Full && Downloads.PathIfCached(StableDiffusion.SourceName) is { } published)
        {
            var model = StableDiffusion.Open(published);
            return new(model, published, (ClipConditioner)model.Text, "Stable Diffusion 1.5 with its published "
                + "weights.",
                ["a photograph of a red rose in the rain", "a watercolor of a sunflower", "a blue flower on a snowy "
                    + "mountain, oil painting", "a bouquet of white tulips on a wooden table"]);
        }
        folder ??= Path.Combine(Folders.Root, "out", "stable-diffusion");
        var captions = Captions();
        var words = SmallWords(captions);
        var trained = Checkpoints.Exists("autoencoder") && Checkpoints.Exists("unet");
        using (
            var made = trained
                ? LatentDiffusion.LoadPetals(new BertConditioner(BertText.Mini()), CPU)
                : Untrained(SmallWords(captions)))
            StableDiffusion.Save(made, folder);
        return new(StableDiffusion.Open(folder), folder, words, (trained
                ? "The course's own model of drawn flowers, in the folders and under the names of the published one. "
                    + "Its text encoder is MiniBERT and not CLIP, and its pictures have 64 × 64 pixels."
                : "A small model with random weights, in the folders and under the names of the published one: every "
                    + "line runs, and the pictures are noise. The trained one is made by ./course train autoencoder "
                    + "and ./course train unet.")
            + (Scales.Current == Scale.Full ? $" For the published weights: ./course data fetch "
                + $"{StableDiffusion.SourceName}." : ""),
            [
                "a red flower with round petals", "a white flower with long petals and a yellow center",
                "a blue flower at night", "a yellow flower with pointed petals",
            ]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        if (!ReferenceEquals(Words, Model.Text)) Words.Dispose();
    }

    private static string[] Captions()
    {
        var petals = new Petals(Split.Train, 200);
        return [.. Enumerable.Range(0, petals.Count).SelectMany(petals.Captions)];
    }

    private static ClipConditioner SmallWords(string[] captions)
    {
        var tokenizer = BytePairTrainer.Learn(captions, Merges);
        manual_seed(Seeds.Default);
        var tower = new ClipTextEncoder(
            new(tokenizer.Vocabulary.Count, Width: 32, Layers: 2, Heads: 4, FeedForward: 64, Projection: null));
        tower.eval();
        return new(tokenizer, tower);
    }

    private static LatentDiffusion Untrained(ClipConditioner words)
    {
        var unet = new UNet(
            new([32, 64], [false, true], words.Width, ResnetsPerLevel: 1, Heads: 4, NormGroups: 8, LatentSide: 16));
        return new(new AutoencoderKL(AutoencoderConfig.Petals), unet, words, DiffusionConfig.StableDiffusion);
    }
}
