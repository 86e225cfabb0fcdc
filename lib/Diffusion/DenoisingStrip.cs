using ImageGen.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>Watches a sampling and keeps, at evenly spaced looks, what the model held the first picture for.</summary>
/// <param name="autoencoder">Shows latents.</param>
/// <param name="count">Pictures to keep.</param>
public sealed class DenoisingStrip(AutoencoderKL autoencoder, int count)
{
    private readonly List<Picture> pictures = [];
    private readonly List<string> captions = [];

    /// <summary>The pictures so far, the noisiest first, each with its moment.</summary>
    public IReadOnlyList<(string Caption, Picture Picture)> Stages => [.. captions.Zip(pictures)];

    /// <summary>Give this as <c>seen</c> to a sampling.</summary>
    public void Add(SamplingMoment at)
    {
        var (share, wanted) = ((double)at.Look / at.Looks, pictures.Count + 1);
        if (share * count < wanted - 1e-9 && at.Look < at.Looks) return;
        using var scope = NewDisposeScope();
        pictures.Add(Picture.FromTensor(autoencoder.ToPictures(at.Clean.narrow(0, 0, 1)), PixelRange.MinusOneToOne));
        captions.Add($"t = {at.Moment:0}");
    }

    /// <summary>The pictures side by side, the noisiest first.</summary>
    /// <param name="zoom">How often each pixel is repeated.</param>
    public Picture Draw(int zoom = 2) => Grid.Of(pictures, columns: pictures.Count, zoom: zoom, captions: captions);
}
