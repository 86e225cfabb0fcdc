using ImageGen.Imaging;
using ImageGen.Runtime;

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

    /// <summary>Whether a caption of picture <paramref name="other"/> is true of picture <paramref name="index"/>, too: here, when it has the same.</summary>
    bool Fits(int index, int other, int captionIndex) =>
        index == other || Captions(index).Contains(Captions(other)[captionIndex], StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// A caption that is wrong for the picture, to teach what does not fit: here another picture's, unless this one has it,
    /// too. A set that knows what its captions say can do better.
    /// </summary>
    /// <param name="index">The picture.</param>
    /// <param name="captionIndex">Which of its captions the wrong one stands in for.</param>
    /// <param name="random">Decides which.</param>
    /// <exception cref="CourseException">No other caption is in sight: every picture has the same ones.</exception>
    string WrongCaption(int index, int captionIndex, SplitMix64 random)
    {
        var own = Captions(index);
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var others = Captions(random.Next(Count));
            var caption = others[random.Next(others.Count)];
            if (!own.Contains(caption, StringComparer.OrdinalIgnoreCase)) return caption;
        }
        throw new CourseException($"{Name} has no wrong caption for picture {index}: its pictures seem to share all captions; give them different ones, or set WrongTextWeight to 0.");
    }
}
