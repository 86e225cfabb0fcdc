using static TorchSharp.torch;

namespace ImageGen.Runtime;

/// <summary>How a picture's numbers lie in memory.</summary>
internal static class MemoryLayout
{
    /// <summary>
    /// The same maps, with the channels of a pixel side by side. Convolutions and what stands between them keep this order,
    /// and with few channels and large maps they are faster in it.
    /// </summary>
    /// <param name="maps"><c>[B, C, H, W]</c>, and so is the result.</param>
    internal static Tensor ChannelsLast(this Tensor maps) => maps.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
