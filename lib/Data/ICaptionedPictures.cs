using ImageGen.Imaging;

namespace ImageGen.Data;

/// <summary>A data set of pictures with one or more captions each. All members may be called from several threads at once.</summary>
public interface ICaptionedPictures
{
    /// <summary>What the set is, for messages and charts.</summary>
    string Name { get; }

    /// <summary>Pictures in the set.</summary>
    int Count { get; }

    /// <summary>The side of the square that training sees, in pixels.</summary>
    int Side { get; }

    /// <summary>Whether a picture may be mirrored and its captions stay true.</summary>
    bool MayFlip { get; }

    /// <summary>A picture of at least <see cref="Side"/> pixels in each direction; a larger one is cut to a square when a batch is made.</summary>
    Picture Picture(int index);

    /// <summary>The picture's captions: at least one.</summary>
    IReadOnlyList<string> Captions(int index);
}
