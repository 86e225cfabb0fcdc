using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// The VGG-19 step in other ways, each against the library's in turns: what made it slower is not in the library, and the
/// next version of libtorch may decide otherwise.
/// </summary>
internal static class VggVariants
{
    private const string Last = "relu5_1";

    public static IEnumerable<Measurement> Run()
    {
        using var scope = NewDisposeScope();
        using var network = new VggFeatures(lastLayer: Last);
        var picture = rand([1, 3, 256, 256], requires_grad: true);
        (Tensor? Weight, Tensor? Bias)[] weights = [.. network.LayerNames.Select((_, i) => (Parameter(i, "weight"), Parameter(i, "bias")))];
        (Tensor? Weight, Tensor? Bias)[] turned = [.. weights.Select(pair => (pair.Weight is { } weight ? ChannelsLast(weight) : null, pair.Bias))];
        foreach (var (name, variant) in new (string, Action)[]
        {
            ("activations not in place", () => Step(x => Forward(network, weights, x, inPlace: false), picture)),
            ("channels last", () => Step(x => Forward(network, turned, ChannelsLast(x), inPlace: true), picture)),
            ("target computed in each step", () =>
            {
                using (no_grad()) network.Extract(picture, Last).Dispose();
                Step(x => network.Extract(x, Last)[Last], picture);
            }),
        })
        {
            var (_, _, ratio) = Paired.Time(variant, () => Step(x => network.Extract(x, Last)[Last], picture), rounds: 5);
            yield return new($"  {name}, over the library's step", ratio);
        }

        Tensor? Parameter(int index, string name) => network.state_dict().GetValueOrDefault($"features.{index}.{name}");
    }

    private static void Step(Func<Tensor, Tensor> forward, Tensor picture)
    {
        using var scope = NewDisposeScope();
        autograd.grad([forward(picture).sum()], [picture]);
    }

    private static Tensor Forward(VggFeatures network, (Tensor? Weight, Tensor? Bias)[] weights, Tensor x, bool inPlace)
    {
        x = Normalization.ImageNet.Apply(x);
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i].Weight is { } weight) x = nn.functional.conv2d(x, weight, weights[i].Bias, padding: [1, 1]);
            else if (network.LayerNames[i].StartsWith("pool", StringComparison.Ordinal)) x = nn.functional.max_pool2d(x, kernel_size: [2, 2], strides: [2, 2]);
            else x = inPlace ? x.relu_() : x.relu();
        }
        return x;
    }

    private static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
