using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Vision;

/// <summary>How an Inception block's last branch pools before its convolution.</summary>
internal enum InceptionPool { Mean, Largest }

/// <summary>
/// A block of Inception v3: several branches look at the same maps, and what they find is laid side by side. The names of
/// branches and the order of their outputs are torchvision's.
/// </summary>
internal sealed class InceptionBlock : nn.Module<Tensor, Tensor>
{
    private readonly List<Func<Tensor, Tensor>> branches = [];
    private readonly Device? device;

    private InceptionBlock(Device? device) : base(nameof(InceptionBlock)) => this.device = device;

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return cat([.. branches.Select(branch => branch(x))], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Three sizes of neighborhoods, at the full grid.</summary>
    internal static InceptionBlock A(int from, int poolWidth, Device? device) => new InceptionBlock(device)
        .Branch(from, ("branch1x1", 64, (1, 1)))
        .Branch(from, ("branch5x5_1", 48, (1, 1)), ("branch5x5_2", 64, (5, 5)))
        .Branch(from, ("branch3x3dbl_1", 64, (1, 1)), ("branch3x3dbl_2", 96, (3, 3)), ("branch3x3dbl_3", 96, (3, 3)))
        .PooledBranch(from, InceptionPool.Mean, poolWidth);

    /// <summary>To half the grid.</summary>
    internal static InceptionBlock B(int from, Device? device) => new InceptionBlock(device)
        .HalvingBranch(from, ("branch3x3", 384, (3, 3)))
        .HalvingBranch(from, ("branch3x3dbl_1", 64, (1, 1)), ("branch3x3dbl_2", 96, (3, 3)), ("branch3x3dbl_3", 96, (3, 3)))
        .Halved();

    /// <summary>Neighborhoods of 7×7, taken apart into rows and columns.</summary>
    internal static InceptionBlock C(int width, Device? device) => new InceptionBlock(device)
        .Branch(768, ("branch1x1", 192, (1, 1)))
        .Branch(768, ("branch7x7_1", width, (1, 1)), ("branch7x7_2", width, (1, 7)), ("branch7x7_3", 192, (7, 1)))
        .Branch(768, ("branch7x7dbl_1", width, (1, 1)), ("branch7x7dbl_2", width, (7, 1)), ("branch7x7dbl_3", width, (1, 7)),
            ("branch7x7dbl_4", width, (7, 1)), ("branch7x7dbl_5", 192, (1, 7)))
        .PooledBranch(768, InceptionPool.Mean, 192);

    /// <summary>To half the grid again.</summary>
    internal static InceptionBlock D(int from, Device? device) => new InceptionBlock(device)
        .HalvingBranch(from, ("branch3x3_1", 192, (1, 1)), ("branch3x3_2", 320, (3, 3)))
        .HalvingBranch(from, ("branch7x7x3_1", 192, (1, 1)), ("branch7x7x3_2", 192, (1, 7)), ("branch7x7x3_3", 192, (7, 1)), ("branch7x7x3_4", 192, (3, 3)))
        .Halved();

    /// <summary>Branches that fork into a row and a column at their end.</summary>
    internal static InceptionBlock E(int from, InceptionPool pool, Device? device) => new InceptionBlock(device)
        .Branch(from, ("branch1x1", 320, (1, 1)))
        .Fork(384, "branch3x3_2a", "branch3x3_2b", from, ("branch3x3_1", 384, (1, 1)))
        .Fork(384, "branch3x3dbl_3a", "branch3x3dbl_3b", from, ("branch3x3dbl_1", 448, (1, 1)), ("branch3x3dbl_2", 384, (3, 3)))
        .PooledBranch(from, pool, 192);

    private InceptionBlock Branch(int from, params (string Name, int Width, (int, int) Kernel)[] steps) => Add(Chain(from, 1, steps));

    // The last convolution takes every second place.
    private InceptionBlock HalvingBranch(int from, params (string Name, int Width, (int, int) Kernel)[] steps) => Add(Chain(from, 2, steps));

    private InceptionBlock Halved() => Add(x => nn.functional.max_pool2d(x, [3, 3], [2, 2]));

    private InceptionBlock PooledBranch(int from, InceptionPool pool, int width)
    {
        var convolution = Convolution("branch_pool", from, width, (1, 1), 1);
        return Add(x => convolution.call(pool == InceptionPool.Mean
            ? nn.functional.avg_pool2d(x, 3, stride: 1, padding: 1, count_include_pad: false)
            : nn.functional.max_pool2d(x, [3, 3], [1, 1], [1, 1])));
    }

    private InceptionBlock Fork(int width, string row, string column, int from, params (string Name, int Width, (int, int) Kernel)[] steps)
    {
        var trunk = Chain(from, 1, steps);
        var (a, b) = (Convolution(row, steps[^1].Width, width, (1, 3), 1), Convolution(column, steps[^1].Width, width, (3, 1), 1));
        return Add(x =>
        {
            var y = trunk(x);
            return cat([a.call(y), b.call(y)], 1);
        });
    }

    private Func<Tensor, Tensor> Chain(int from, int lastStride, (string Name, int Width, (int, int) Kernel)[] steps)
    {
        var chain = new List<InceptionConvolution>();
        foreach (var (name, width, kernel) in steps)
        {
            chain.Add(Convolution(name, from, width, kernel, chain.Count == steps.Length - 1 ? lastStride : 1));
            from = width;
        }
        return x => chain.Aggregate(x, (y, convolution) => convolution.call(y));
    }

    private InceptionConvolution Convolution(string name, int from, int to, (int, int) kernel, int stride)
    {
        var convolution = new InceptionConvolution(from, to, kernel, stride, device);
        register_module(name, convolution);
        return convolution;
    }

    private InceptionBlock Add(Func<Tensor, Tensor> branch)
    {
        branches.Add(branch);
        return this;
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}

/// <summary>A convolution without bias, a batch norm by stored statistics, and a ReLU.</summary>
internal sealed class InceptionConvolution : nn.Module<Tensor, Tensor>
{
    private const double Epsilon = 0.001;

    private readonly Conv2d convolution;
    private readonly Norm norm;

    /// <param name="from">Maps in.</param>
    /// <param name="to">Maps out.</param>
    /// <param name="kernel">Height and width of the neighborhood.</param>
    /// <param name="stride">1, or 2 for half the grid; that takes no padding.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="padded">Whether stride 1 keeps the grid's size.</param>
    internal InceptionConvolution(int from, int to, (int Height, int Width) kernel, int stride, Device? device, bool padded = true) : base(nameof(InceptionConvolution))
    {
        (long, long) padding = padded && stride == 1 ? (kernel.Height / 2, kernel.Width / 2) : (0, 0);
        convolution = nn.Conv2d(from, to, (kernel.Height, kernel.Width), stride: (stride, stride), padding: padding, bias: false, device: device);
        norm = new(to, device);
        register_module("conv", convolution);
        register_module("bn", norm);
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return norm.call(convolution.call(x)).relu_().MoveToOuterDisposeScope();
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }

    // TorchSharp's own batch norm counts batches, and files of older times hold no such count.
    private sealed class Norm : nn.Module<Tensor, Tensor>
    {
        internal Norm(int width, Device? device) : base(nameof(Norm))
        {
            // Detached: a network outlives the scope that it is built in.
            register_parameter("weight", nn.Parameter(ones(width, device: device).DetachFromDisposeScope()));
            register_parameter("bias", nn.Parameter(zeros(width, device: device).DetachFromDisposeScope()));
            register_buffer("running_mean", zeros(width, device: device).DetachFromDisposeScope());
            register_buffer("running_var", ones(width, device: device).DetachFromDisposeScope());
        }

        public override Tensor forward(Tensor x) => nn.functional.batch_norm(
            x, get_buffer("running_mean")!, get_buffer("running_var")!, get_parameter("weight")!, get_parameter("bias")!, training: false, eps: Epsilon);

        protected override void RegisterComponents() { }
    }
}
