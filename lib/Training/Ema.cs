using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// The exponential moving average of a model's weights: θ̄ ← d·θ̄ + (1 − d)·θ after every step. The average is calmer
/// than the weights themselves, and its pictures are better. The decay grows as d = min(decay, (1 + n) / (10 + n)), so
/// that the first, random weights are soon forgotten.
/// </summary>
/// <remarks>As a callback of a <see cref="TrainingLoop"/> it follows every step that moved the weights.</remarks>
public sealed class Ema : Callback, IDisposable
{
    private readonly nn.Module model;
    private readonly double decay;
    private readonly Dictionary<string, Tensor> averages = [];
    private readonly HashSet<string> parameters;

    /// <summary>Starts at the weights as they are.</summary>
    /// <param name="model">
    /// Whose parameters are averaged; its buffers (batch statistics) are copied as they are.
    /// </param>
    /// <param name="decay">The highest decay, at least 0 and below 1.</param>
    /// <exception cref="CourseException">The decay is out of range.</exception>
    public Ema(nn.Module model, double decay = 0.999)
    {
        if (decay is not (>= 0 and < 1))
            throw new CourseException($"The decay of the averaged weights is {decay}: it must be at least 0 and below "
                + $"1.");
        (this.model, this.decay) = (model, decay);
        parameters = [.. model.named_parameters().Select(parameter => parameter.name)];
        using var noGrad = no_grad();
        foreach (var (name, value) in model.state_dict())
            averages[name] = value.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>The averages by the model's own names. They belong to this object.</summary>
    public IReadOnlyDictionary<string, Tensor> Averages => averages;

    /// <summary>How often <see cref="Update"/> was called.</summary>
    public int Updates { get; internal set; }

    /// <summary>Takes the model's present weights into the average: call it after each optimizer step.</summary>
    public void Update()
    {
        Updates++;
        var kept = Math.Min(decay, (1.0 + Updates) / (10.0 + Updates));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, value) in model.state_dict())
        {
            if (parameters.Contains(name)) averages[name].lerp_(value.detach(), 1 - kept);
            else averages[name].copy_(value);
        }
    }

    /// <inheritdoc/>
    public override void AfterStep(TrainingLoop loop)
    {
        if (!loop.Skipped) Update();
    }

    /// <summary>Leaves the averages in the model.</summary>
    public void CopyToModel() => Copy(averages, model);

    /// <summary>
    /// Puts the averages into the model until the returned object is disposed; then its own weights come back.
    /// </summary>
    public IDisposable InPlace()
    {
        var own = new Ema(model, 0);
        Copy(averages, model);
        return new PutBack(own);
    }

    /// <summary>Frees the averages.</summary>
    public void Dispose()
    {
        foreach (var value in averages.Values) value.Dispose();
        averages.Clear();
    }

    private static void Copy(IReadOnlyDictionary<string, Tensor> values, nn.Module model)
    {
        using var noGrad = no_grad();
        foreach (var (name, value) in model.state_dict()) value.copy_(values[name]);
    }

    private sealed class PutBack(Ema own) : IDisposable
    {
        public void Dispose()
        {
            Copy(own.averages, own.model);
            own.Dispose();
        }
    }
}
