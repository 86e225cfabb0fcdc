using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Runtime;

/// <summary>How a picture's numbers lie in memory, and how they come to a device.</summary>
internal static class MemoryLayout
{
    /// <summary>
    /// The same maps, with the channels of a pixel side by side. Convolutions and what stands between them keep this order,
    /// and with few channels and large maps they are faster in it.
    /// </summary>
    /// <param name="maps"><c>[B, C, H, W]</c>, and so is the result.</param>
    internal static Tensor ChannelsLast(this Tensor maps) => maps.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    /// <summary>What tests and benchmarks put every network's maps into; null leaves each to its own choice.</summary>
    internal static bool? ForceChannelsLast { get; set; }

    /// <summary>The same maps in the layout in which a network that answers in the layout it is given is faster.</summary>
    /// <param name="maps"><c>[B, C, H, W]</c>, and so is the result.</param>
    /// <param name="channelsLast">Whether that is channels last.</param>
    internal static Tensor LaidOut(this Tensor maps, bool channelsLast) =>
        maps.device_type == DeviceType.CPU && (ForceChannelsLast ?? channelsLast) ? maps.ChannelsLast() : maps;

    /// <summary>
    /// A copy on a device. To a GPU it goes by page-locked memory, from where the card fetches it while the processor goes on; torch
    /// keeps that memory until it has, and uses it again.
    /// </summary>
    internal static Tensor CopyTo(this Tensor numbers, Device device)
    {
        if (device.type != DeviceType.CUDA) return numbers.to(device, copy: true);
        using var locked = numbers.pin_memory();
        return locked.to(device, non_blocking: true);
    }
}
