using ImageGen.Imaging;

namespace ImageGen.Data;

/// <summary>Some pictures of a data set, in an order of one's own.</summary>
/// <param name="all">The data set.</param>
/// <param name="indices">Which.</param>
internal sealed class SomePictures(ICaptionedPictures all, IReadOnlyList<int> indices) : ICaptionedPictures
{
    public string Name => all.Name;

    public int Count => indices.Count;

    public int Side => all.Side;

    public bool MayFlip => all.MayFlip;

    public Picture Picture(int index) => all.Picture(indices[index]);

    public IReadOnlyList<string> Captions(int index) => all.Captions(indices[index]);
}
