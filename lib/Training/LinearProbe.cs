using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// Asks what a vector says, with as little of its own as can be: one linear layer, trained to read a label off frozen
/// vectors (Alain and Bengio, arXiv 1610.01644). What it cannot read may still be there; what it can, lies open.
/// </summary>
public sealed class LinearProbe : IDisposable
{
    private readonly Tensor weight, bias, mean, spread;

    private LinearProbe(Tensor weight, Tensor bias, Tensor mean, Tensor spread) =>
        (this.weight, this.bias, this.mean, this.spread) = (weight, bias, mean, spread);

    /// <summary>
    /// Trains a probe by softmax regression, all vectors at once, each of their numbers brought to mean 0 and spread 1
    /// first.
    /// </summary>
    /// <param name="vectors"><c>[N, W]</c>.</param>
    /// <param name="labels">The class of each, from 0; N of them.</param>
    /// <param name="classes">How many classes there are, at least 2.</param>
    /// <param name="steps">Steps of Adam.</param>
    /// <exception cref="CourseException">Numbers and labels do not belong together, or a label is no class.</exception>
    public static LinearProbe Fit(Tensor vectors, IReadOnlyList<int> labels, int classes, int steps = 200)
    {
        if (vectors.dim() != 2 || vectors.shape[0] != labels.Count || labels.Count == 0)
            throw new CourseException($"The probe got {labels.Count} labels for vectors of the shape "
                + $"[{string.Join(", ", vectors.shape)}]: give [N, W] and N labels.");
        if (classes < 2) throw new CourseException($"classes is {classes}: it must be at least 2.");
        foreach (var label in labels)
            if (label < 0 || label >= classes)
                throw new CourseException($"The label {label} is none of 0 to {classes - 1}.");
        using var scope = NewDisposeScope();
        var (x, answers) = (vectors.detach(), Ids(labels, vectors.device));
        var mean = x.mean([0]);
        var spread = (x - mean).square().mean([0]).sqrt().clamp_min(1e-6);
        x = (x - mean) / spread;
        var (weight, bias) = (
            new Parameter(zeros(x.shape[1], classes, device: x.device)),
            new Parameter(zeros(classes, device: x.device)));
        using var optimizer = optim.AdamW([weight, bias], lr: 0.05, weight_decay: 0.01);
        new TrainingLoop(steps, ["loss"]).Run(_ =>
        {
            optimizer.zero_grad();
            var loss = nn.functional.cross_entropy(x.matmul(weight) + bias, answers);
            loss.backward();
            optimizer.step();
            return loss.detach().view(1);
        });
        return new(
            weight.detach().MoveToOuterDisposeScope(), bias.detach().MoveToOuterDisposeScope(),
            mean.MoveToOuterDisposeScope(), spread.MoveToOuterDisposeScope());
    }

    /// <summary>The class that the probe reads off each vector, <c>[N]</c>.</summary>
    public int[] Read(Tensor vectors)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var scores = ((vectors - mean) / spread).matmul(weight).add(bias); // [N, classes]
        return [.. scores.argmax(1).cpu().data<long>().ToArray().Select(id => (int)id)];
    }

    /// <summary>Which vectors are read right.</summary>
    public bool[] Right(Tensor vectors, IReadOnlyList<int> labels) =>
        [.. Read(vectors).Zip(labels, (read, label) => read == label)];

    public void Dispose()
    {
        weight.Dispose();
        bias.Dispose();
        mean.Dispose();
        spread.Dispose();
    }

    private static Tensor Ids(IReadOnlyList<int> labels, Device device) =>
        tensor([.. labels.Select(label => (long)label)], device: device);
}
