using TorchSharp;

namespace ImageGen.Display;

/// <summary>Numbers to draw: whatever a student holds them in turns into this by itself.</summary>
public readonly struct Numbers
{
    private readonly double[]? values;

    /// <summary>Takes the numbers in their order.</summary>
    public Numbers(IEnumerable<double> values) => this.values = [.. values];

    /// <summary>The numbers.</summary>
    public IReadOnlyList<double> Values => values ?? [];

    public static implicit operator Numbers(double[] values) => new(values);

    public static implicit operator Numbers(float[] values) => new(values.Select(value => (double)value));

    public static implicit operator Numbers(int[] values) => new(values.Select(value => (double)value));

    public static implicit operator Numbers(List<double> values) => new(values);

    public static implicit operator Numbers(List<float> values) => new(values.Select(value => (double)value));

    /// <summary>All of a tensor's values, row by row.</summary>
    public static implicit operator Numbers(torch.Tensor values)
    {
        using var scope = torch.NewDisposeScope();
        return new(values.detach().to(torch.ScalarType.Float64).cpu().contiguous().flatten().data<double>().ToArray());
    }
}
