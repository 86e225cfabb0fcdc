using ImageGen.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>Watches a sampling and keeps, at evenly spaced steps, the first picture as the model predicts it.</summary>
/// <param name="autoencoder">Shows latents.</param>
/// <param name="count">Pictures to keep.</param>
public sealed class DenoisingStrip(AutoencoderKL autoencoder, int count)
{
    private readonly List<Picture> pictures = [];
    private readonly List<string> captions = [];

    /// <summary>The pictures so far, the noisiest first, each with its timestep.</summary>
    public IReadOnlyList<(string Caption, Picture Picture)> Stages => [.. captions.Zip(pictures)];

    /// <summary>Give this as a sampling's <c>callback</c>.</summary>
    public void Add(SamplingStep at)
    {
        var (done, wanted) = ((double)at.Step / at.Steps, pictures.Count + 1);
        if (done * count < wanted - 1e-9 && at.Step < at.Steps) return;
        using var scope = NewDisposeScope();
        var first = autoencoder.ToPictures(at.PredictedOriginal.narrow(0, 0, 1));
        pictures.Add(Picture.FromTensor(first, PixelRange.MinusOneToOne));
        captions.Add($"t = {at.Timestep:0}");
    }

    /// <summary>The pictures side by side, the noisiest first.</summary>
    /// <param name="zoom">How often each pixel is repeated.</param>
    public Picture Draw(int zoom = 2) => Grid.Of(pictures, columns: pictures.Count, zoom: zoom, captions: captions);
}
