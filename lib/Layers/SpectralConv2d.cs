using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>
/// A convolution whose weight is divided by its largest singular value σ, so that no input is stretched beyond its
/// length (Miyato and others, "Spectral normalization for generative adversarial networks", arXiv 1802.05957). One
/// power iteration a training pass follows σ, as torch.nn.utils.spectral_norm does.
/// </summary>
internal sealed class SpectralConv2d : NamedModule<Tensor, Tensor>
{
    private readonly Parameter weight, bias;
    private readonly Tensor u;
    private readonly long stride, padding;

    public SpectralConv2d(int from, int to, int size, int stride = 1, int padding = 0, Device? device = null)
        : base(nameof(SpectralConv2d))
    {
        (this.stride, this.padding) = (stride, padding);
        // He and others' spread for a LeakyReLU of 0.2; the division below sets the scale.
        register_parameter(
            "weight",
            weight = new Parameter(randn([to, from, size, size], device: device) / Math.Sqrt(from * size * size)));
        register_parameter("bias", bias = new Parameter(zeros([to], device: device)));
        register_buffer("u", u = nn.functional.normalize(randn([to], device: device), dim: 0));
    }

    public override Tensor forward(Tensor maps)
    {
        using var scope = NewDisposeScope();
        return nn.functional.conv2d(
            maps, weight / Sigma(), bias, strides: [stride, stride],
            padding: [padding, padding]).MoveToOuterDisposeScope();
    }

    // σ = uᵀWv with v = Wᵀu/|Wᵀu| and then u = Wv/|Wv|; u and v count as constants for the gradient.
    private Tensor Sigma()
    {
        var matrix = weight.flatten(1);
        Tensor left, right;
        using (no_grad())
        {
            right = nn.functional.normalize(matrix.t().mv(u), dim: 0);
            left = training ? nn.functional.normalize(matrix.mv(right), dim: 0) : u.clone();
            if (training) u.copy_(left);
        }
        return left.dot(matrix.mv(right));
    }
}
