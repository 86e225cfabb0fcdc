using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>
/// Group normalization that can be used as it is made: TorchSharp leaves its weights as the memory held them.
/// </summary>
internal static class Norms
{
    internal static GroupNorm Grouped(int channels, int groups, double eps, Device? device)
    {
        var norm = nn.GroupNorm(groups, channels, eps: eps, device: device);
        using var noGrad = no_grad();
        norm.weight!.fill_(1);
        norm.bias!.fill_(0);
        return norm;
    }
}
