using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>Tensors of a model that an adapter has whole, peft's <c>modules_to_save</c>: put in place of the model's
/// own, and these put back.</summary>
internal sealed class ReplacedTensors(nn.Module model, IReadOnlyDictionary<string, Tensor> values) : IDisposable
{
    private readonly Dictionary<string, Tensor> own = [];

    internal IReadOnlyDictionary<string, Tensor> Values => values;

    /// <summary>Puts them in place, or the model's own back to the bit.</summary>
    internal void Put(bool inPlace)
    {
        if (values.Count == 0 || inPlace == (own.Count > 0)) return;
        using var noGrad = no_grad();
        var state = model.state_dict();
        foreach (var (name, value) in values)
        {
            if (inPlace)
            {
                own[name] = state[name].detach().clone().DetachFromDisposeScope();
                state[name].copy_(value);
            }
            else
            {
                state[name].copy_(own[name]);
                own[name].Dispose();
            }
        }
        if (!inPlace) own.Clear();
    }

    public void Dispose()
    {
        Put(false);
        foreach (var value in values.Values) value.Dispose();
    }
}
