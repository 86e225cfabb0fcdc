using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Imaging;

/// <summary>An RGB picture of 8 bits a channel, in ordinary memory: nothing to dispose, nothing that changes.</summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgb">Interleaved bytes, row by row: <c>Rgb[(y * Width + x) * 3 + channel]</c>.</param>
public sealed record Picture(int Width, int Height, byte[] Rgb);
