using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>Pictures as the metrics take them: <c>[N, 3, S, S]</c> in [−1, 1].</summary>
public static class PictureTensors
{
    /// <summary>Pictures of any sizes, their middle squares resized.</summary>
    /// <exception cref="CourseException">There is no picture.</exception>
    public static Tensor Of(IReadOnlyList<Picture> pictures, int side)
    {
        if (pictures.Count == 0) throw new CourseException("There is no picture to measure.");
        using var scope = NewDisposeScope();
        var tensors = pictures.Select(picture => (picture.Width == side && picture.Height == side ? picture : picture.Square(side)).ToTensor()).ToArray();
        return (cat(tensors) * 2 - 1).MoveToOuterDisposeScope();
    }

    /// <summary>The pictures of a data set from <paramref name="first"/> on.</summary>
    /// <exception cref="CourseException">The set has fewer.</exception>
    public static Tensor Of(ICaptionedPictures data, int count, int first = 0)
    {
        if (count < 1 || first < 0 || first + count > data.Count)
            throw new CourseException($"{data.Name} has {data.Count} pictures: it cannot give {count} from number {first} on.");
        return Of([.. Enumerable.Range(first, count).Select(data.Picture)], data.Side);
    }
}
