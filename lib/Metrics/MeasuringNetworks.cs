using ImageGen.Runtime;
using ImageGen.Vision;
using ImageGen.Weights;

namespace ImageGen.Metrics;

/// <summary>The networks that measure on this machine, and why they are these.</summary>
/// <param name="Fit">Says how well pictures fit captions.</param>
/// <param name="Look">Describes pictures, for the distances between clouds.</param>
/// <param name="Reason">One line for the student: a swap is never silent.</param>
public sealed record MeasuringNetworks(IPictureTextModel Fit, IPictureFeatures Look, string Reason) : IDisposable
{
    /// <summary>
    /// At full scale the published CLIP and Inception, each where its files are in the cache. Otherwise ResNet-18, which came
    /// with the build, describes pictures, and MiniCLIP, which is a proxy, says how well they fit captions; at smoke scale it
    /// does both.
    /// </summary>
    /// <exception cref="CourseException">A cached file is not the published one, or MiniCLIP's checkpoint is missing.</exception>
    public static MeasuringNetworks Default()
    {
        if (Scales.Current != Scale.Full) return Of(null, null, "the published networks are for full scale");
        var clip = Downloads.PathIfCached("clip") is { } folder
            ? Clip.Load(Path.Combine(folder, "pytorch_model.bin"), Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"))
            : null;
        var inception = Downloads.PathIfCached("inception") is { } file ? InceptionFeatures.Load(file) : null;
        string[] missing = [.. new[] { clip is null ? "clip" : "", inception is null ? "inception" : "" }.Where(name => name.Length > 0)];
        return Of(clip, inception, missing.Length == 0
            ? "their files are in the cache"
            : $"{string.Join(" and ", missing)} {(missing.Length == 1 ? "is" : "are")} not in the cache ({string.Join(", ", missing.Select(name => $"./course data fetch {name}"))})");
    }

    // Twice a flower's side: at its own, the last layer has two places across, and at 224 the lesson would wait.
    private const int ResNetSide = 128;

    private static MeasuringNetworks Of(IPictureTextModel? clip, IPictureFeatures? inception, string because)
    {
        var mini = clip is null || Scales.Current == Scale.Smoke ? MiniClip.Pretrained() : null;
        var fit = clip ?? mini!;
        var look = inception ?? (Scales.Current == Scale.Smoke ? mini! : (IPictureFeatures)new ResNetPooled(ResNetSide));
        return new(fit, look, $"Fit to captions: {fit.Description}. Features: {look.Description}. Why: {because}.");
    }

    /// <summary>Frees both, which may be one.</summary>
    public void Dispose()
    {
        Fit.Dispose();
        if (!ReferenceEquals(Fit, Look)) Look.Dispose();
    }
}
