using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Display;

/// <summary>Takes a network apart.</summary>
public static class Layers
{
    private const int MostRows = 60;

    /// <summary>The layers of a network in order, with their parameters and, for an input of a given shape, their output shapes.</summary>
    /// <param name="network">Any module; it is left as it was.</param>
    /// <param name="inputShape">The shape of one input, for example 1, 3, 256, 256; without it, or where a layer is not called
    /// as tensor → tensor, the output's shape stays empty.</param>
    /// <exception cref="CourseException">The network does not take a tensor of that shape.</exception>
    public static LayerTable Table(nn.Module network, params long[] inputShape)
    {
        var shapes = inputShape.Length == 0 ? [] : OutputShapes(network, inputShape);
        List<LayerRow> rows = [];
        for (var depth = Depth(network); ; depth--)
        {
            rows.Clear();
            Collect("", network, depth, shapes, rows);
            if (rows.Count <= MostRows || depth == 1) break;
        }
        return new LayerTable(network.GetType().Name, rows)
        {
            Parameters = Count(network.parameters()),
            Trainable = Count(network.parameters().Where(p => p.requires_grad)),
        };
    }

    private static int Depth(nn.Module module) => 1 + module.children().Select(Depth).DefaultIfEmpty(0).Max();

    private static void Collect(string name, nn.Module module, int depth, Dictionary<nn.Module, long[]> shapes, List<LayerRow> rows)
    {
        var children = module.named_children().ToList();
        if (children.Count > 0 && depth > 1)
        {
            foreach (var (child, part) in children) Collect(name.Length > 0 ? $"{name}.{child}" : child, part, depth - 1, shapes, rows);
            var own = Count(module.parameters(recurse: false));
            if (own > 0) rows.Add(new LayerRow(name.Length > 0 ? name : "(own)", module.GetType().Name, null, own));
            return;
        }
        rows.Add(new LayerRow(name, module.GetType().Name, shapes.GetValueOrDefault(module), Count(module.parameters())));
    }

    private static long Count(IEnumerable<Tensor> parameters) => parameters.Distinct().Sum(p => p.numel());

    private static Dictionary<nn.Module, long[]> OutputShapes(nn.Module network, long[] inputShape)
    {
        if (network is not nn.Module<Tensor, Tensor> whole)
            throw new CourseException($"{network.GetType().Name} takes more than one tensor, so its output shapes are not known: leave the input shape out.");
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Dictionary<nn.Module, long[]> shapes = new(ReferenceEqualityComparer.Instance);
        List<nn.Module> modules = [network, .. network.modules()];
        List<(nn.Module Module, bool Training)> modes = [.. modules.Select(m => (m, m.training))]; // outer ones first: train() reaches inward
        List<Action> unhook = [];
        try
        {
            foreach (var layer in modules.OfType<nn.Module<Tensor, Tensor>>().Distinct())
            {
                var hook = layer.register_forward_hook((module, _, output) =>
                {
                    shapes[module] = output.shape;
                    return output;
                });
                unhook.Add(hook.remove);
            }
            network.eval(); // a batch normalization must not learn from the zeros
            var parameter = network.parameters().FirstOrDefault();
            whole.call(zeros(inputShape, dtype: parameter?.dtype ?? ScalarType.Float32, device: parameter?.device ?? Compute.Device));
        }
        catch (Exception error) when (error is ArgumentException or System.Runtime.InteropServices.ExternalException)
        {
            throw new CourseException($"{network.GetType().Name} does not take an input of shape [{string.Join(", ", inputShape)}]: {error.Message.Split('\n')[0]}", error);
        }
        finally
        {
            unhook.ForEach(remove => remove());
            foreach (var (module, training) in modes) module.train(training);
        }
        return shapes;
    }
}
