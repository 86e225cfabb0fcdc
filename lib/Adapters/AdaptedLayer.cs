using System.Runtime.CompilerServices;
using ImageGen.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Adapters;

/// <summary>
/// A layer with what was put on it: additions of any number of adapters, and perhaps 4-bit weights in place of its own. It
/// works through the layer's hooks, which every <c>call</c> asks; so any module of any model can be adapted, and no model
/// knows of it.
/// </summary>
internal sealed class AdaptedLayer
{
    private static readonly ConditionalWeakTable<nn.Module, AdaptedLayer> Known = [];

    private readonly nn.Module<Tensor, Tensor> layer;
    private readonly List<LoraLayer> additions = [];
    private readonly List<Action> unhook = [];
    private Tensor? own;   // the weight as it was, while something is merged into it
    private Tensor? input; // of the call that is running, where the layer itself is given nothing

    private AdaptedLayer(nn.Module<Tensor, Tensor> layer)
    {
        this.layer = layer;
        unhook.Add(layer.register_forward_hook(Finish).remove);
    }

    /// <summary>4-bit weights that stand for the layer's own; null while it has those.</summary>
    internal Nf4Weights? Quantized { get; private set; }

    internal static AdaptedLayer Of(nn.Module<Tensor, Tensor> layer) => Known.GetValue(layer, key => new((nn.Module<Tensor, Tensor>)key));

    internal static AdaptedLayer? Find(nn.Module layer) => Known.TryGetValue(layer, out var found) ? found : null;

    internal void Add(LoraLayer addition) => additions.Add(addition);

    /// <summary>Takes an addition off again; the weight comes back to the bit.</summary>
    internal void Remove(LoraLayer addition)
    {
        additions.Remove(addition);
        Refresh();
        Forget();
    }

    /// <summary>Makes the weight what it is to be now: its own numbers, and on them whatever is merged.</summary>
    internal void Refresh()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        List<LoraLayer> merged = [.. additions.Where(addition => addition.Merged)];
        if (merged.Count > 0 && Quantized is not null)
            throw new CourseException("Weights of 4 bits cannot take an adapter in: the sum would have to be rounded to 4 bits again. Merge into the model before it is quantized.");
        if (own is null && merged.Count == 0) return;
        var weight = AdaptableLayers.Weight(layer);
        // Subtracting again what was added would not give the same bits: the weight itself is kept, and copied back.
        own ??= weight.detach().clone().DetachFromDisposeScope();
        weight.copy_(own);
        foreach (var addition in merged.Where(addition => addition.Share != 0)) weight.add_(addition.Change(own), addition.Share);
        if (merged.Count > 0) return;
        own.Dispose();
        own = null;
    }

    /// <summary>Puts 4-bit weights in place of the layer's own, which are freed.</summary>
    internal void Quantize(Nf4Weights weights)
    {
        if (own is not null) throw new CourseException("A layer with a merged adapter cannot be quantized: unmerge it first, or detach it.");
        Quantized?.Dispose();
        if (Quantized is null) unhook.Add(layer.register_forward_pre_hook(Begin).remove);
        Quantized = weights;
        // An empty weight: what the layer itself still computes is its bias.
        var given = AdaptableLayers.Weight(layer);
        Replace(empty([weights.Shape[0], 0], given.dtype, given.device));
    }

    /// <summary>Gives the layer weights of its own again: the dequantized ones.</summary>
    internal void Dequantize()
    {
        if (Quantized is null) return;
        Replace(Quantized.Dequantize());
        Quantized.Dispose();
        Quantized = null;
        foreach (var remove in unhook) remove();
        unhook.Clear();
        unhook.Add(layer.register_forward_hook(Finish).remove);
        Forget();
    }

    /// <summary>The layer's weight without any addition; of 4 bits, made whole.</summary>
    internal Tensor OwnWeight() => Quantized?.Dequantize() ?? (own ?? AdaptableLayers.Weight(layer)).detach();

    private void Replace(Tensor values) => ((Linear)layer).weight = new Parameter(values.DetachFromDisposeScope(), requires_grad: false);

    private void Forget()
    {
        if (additions.Count > 0 || Quantized is not null) return;
        foreach (var remove in unhook) remove();
        Known.Remove(layer);
    }

    private Tensor Begin(nn.Module<Tensor, Tensor> _, Tensor x)
    {
        input = x;
        return x.detach().narrow(-1, 0, 0);
    }

    private Tensor Finish(nn.Module<Tensor, Tensor> _, Tensor given, Tensor output)
    {
        var x = input ?? given;
        input = null;
        if (Quantized is null && !additions.Any(addition => addition is { Share: not 0, Merged: false })) return output; // to the bit
        using var scope = NewDisposeScope();
        var sum = Quantized is null ? output : output + Nf4Product.Of(x, Quantized);
        // With something merged the layer's answer is of another weight than its own.
        var answer = own is null && additions.Any(addition => addition.Magnitude is not null) ? WithoutBias(sum) : null;
        foreach (var addition in additions)
            if (addition is { Share: not 0, Merged: false })
                sum = addition.AddTo(sum, x, OwnWeight, answer); // Wx + w·s·B(Ax)
        return sum.MoveToOuterDisposeScope();
    }

    private Tensor WithoutBias(Tensor output) => AdaptableLayers.Bias(layer) is not { } bias ? output
        : output - (layer is Linear ? bias : bias.view(1, -1, 1, 1));
}
