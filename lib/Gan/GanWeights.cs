using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>DCGAN's beginning: convolutions from N(0, 0.02²), batch normalization's weights from N(1, 0.02²).</summary>
internal static class GanWeights
{
    public static void Initialize(nn.Module network)
    {
        using var noGrad = no_grad();
        foreach (var module in network.modules())
            switch (module)
            {
                case Conv2d conv: nn.init.normal_(conv.weight!, 0, 0.02); break;
                case ConvTranspose2d conv: nn.init.normal_(conv.weight!, 0, 0.02); break;
                case BatchNorm2d norm: nn.init.normal_(norm.weight!, 1, 0.02); break;
                case BatchNorm1d norm: nn.init.normal_(norm.weight!, 1, 0.02); break;
            }
    }
}
