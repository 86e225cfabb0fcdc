using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Imaging;

/// <summary>Pictures to tensors and back.</summary>
internal static class TensorPictures
{
    public static Tensor ToTensor(Picture picture)
    {
        using var scope = NewDisposeScope();
        return tensor(picture.Rgb, [1, picture.Height, picture.Width, 3])
            .to(Compute.Device).permute(0, 3, 1, 2).to(ScalarType.Float32).div(255).contiguous().MoveToOuterDisposeScope();
    }

    public static Picture FromTensor(Tensor pixels, PixelRange range)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var planes = Planes(pixels, pixels.shape).to(ScalarType.Float32).cpu();
        if (!planes.isfinite().all().item<bool>())
            throw new CourseException($"The tensor {Shape(pixels)} holds values that are NaN or infinite and is no picture: "
                + "when this comes from training, lower the learning rate.");
        if (range == PixelRange.MinusOneToOne) planes = planes.add(1).div(2);
        var bytes = planes.mul(255).add(0.5).floor().clamp(0, 255).to(ScalarType.Byte)
            .expand(3, -1, -1).permute(1, 2, 0).contiguous();
        return new Picture((int)bytes.shape[1], (int)bytes.shape[0], bytes.data<byte>().ToArray());
    }

    /// <summary>The pictures of a batch <c>[B, 3, H, W]</c> or <c>[B, 1, H, W]</c>.</summary>
    public static IReadOnlyList<Picture> FromBatch(Tensor batch, PixelRange range)
    {
        if (batch.shape is not [> 0, 1 or 3, > 0, > 0])
            throw new CourseException($"A tensor {Shape(batch)} is no batch of pictures: the shape must be [B, 3, H, W] or [B, 1, H, W].");
        var pictures = new Picture[batch.shape[0]];
        for (var i = 0; i < pictures.Length; i++)
        {
            using var one = batch[i];
            pictures[i] = FromTensor(one, range);
        }
        return pictures;
    }

    public static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    private static Tensor Planes(Tensor pixels, long[] shape)
    {
        if (!pixels.is_floating_point())
            throw new CourseException($"A tensor of type {pixels.dtype} is no picture: pictures are floats from 0 to 1; divide bytes by 255.");
        return shape switch
        {
            [1, 1 or 3, > 0, > 0] => pixels.squeeze(0),
            [1 or 3, > 0, > 0] => pixels,
            [> 0, > 0] => pixels.unsqueeze(0),
            _ => throw new CourseException($"A tensor {Shape(pixels)} is no picture: the shape must be [3, H, W], [1, 3, H, W], [1, H, W] or [H, W]."
                + (shape.Length == 4 ? " Show a batch with Grid.Of." : "")),
        };
    }
}
