using ImageGen.Layers;
using ImageGen.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// One head of attention in which every place of a picture attends to every other, in the middle of the autoencoder.
/// The names are diffusers': <c>group_norm, to_q, to_k, to_v, to_out.0</c>.
/// </summary>
internal sealed class SelfAttention2d : NamedModule<Tensor, Tensor>
{
    private readonly GroupNorm norm;
    private readonly Linear query, key, value, mix;

    internal SelfAttention2d(int channels, int groups, Device? device = null) : base(nameof(SelfAttention2d))
    {
        norm = Norms.Grouped(channels, groups, AutoencoderKL.NormEpsilon, device);
        (query, key, value, mix) = (Dense(), Dense(), Dense(), Dense());
        register_module("group_norm", norm);
        register_module("to_q", query);
        register_module("to_k", key);
        register_module("to_v", value);
        register_module("to_out", Numbered.Of([mix]));

        Linear Dense() => nn.Linear(channels, channels, device: device);
    }

    /// <summary>From <c>[B, C, H, W]</c> to the same.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var places = norm.call(x).flatten(start_dim: 2).transpose(1, 2); // [B, H·W, C]
        // softmax(Q·Kᵀ/√d)·V
        var attended = Attention.Of(query.call(places), key.call(places), value.call(places), heads: 1);
        return (x + mix.call(attended).transpose(1, 2).reshape(x.shape)).MoveToOuterDisposeScope();      // [B, C, H, W]
    }
}
