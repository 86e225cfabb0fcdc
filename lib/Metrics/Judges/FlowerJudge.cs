using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImageGen.Metrics;

/// <summary>What the judge reads in one picture.</summary>
public sealed record FlowerReading(PetalColor Color, CenterColor Center, Backdrop Backdrop, PetalShape Shape);

/// <summary>
/// A small classifier that looks at a picture of 64×64 and says which flower of <see cref="Petals"/> it sees: petal color,
/// center, background and shape. It was trained on real pictures with noise, blur and other damage, of every combination
/// of color and shape, those that generators are kept from as well: a judge has to know them.
/// </summary>
/// <remarks>It must choose, even where there is no flower at all. What it says of a picture is not what a person says.</remarks>
public sealed class FlowerJudge : nn.Module<Tensor, Tensor>
{
    /// <summary>The side of the pictures it reads.</summary>
    public const int Side = 64;

    /// <summary>How many values each attribute has, in the order in which the scores stand.</summary>
    internal static readonly int[] Kinds = [10, 6, 8, 5];

    private readonly PictureTrunk trunk;
    private readonly Linear scores;

    /// <summary>Builds a judge that knows nothing yet.</summary>
    public FlowerJudge(Device? device = null) : base(nameof(FlowerJudge))
    {
        trunk = new(device);
        scores = nn.Linear(PictureTrunk.Features, Kinds.Sum(), device: device);
        register_module("trunk", trunk);
        register_module("scores", scores);
    }

    /// <summary>The judge that comes with the course.</summary>
    /// <exception cref="CourseException">Its checkpoint is missing or damaged.</exception>
    public static FlowerJudge Pretrained()
    {
        using var file = Checkpoints.Open("judge");
        var judge = new FlowerJudge();
        try
        {
            file.LoadInto(judge);
        }
        catch
        {
            judge.Dispose();
            throw;
        }
        judge.to(Compute.Device);
        judge.eval();
        foreach (var parameter in judge.parameters()) parameter.requires_grad_(false); // it measures, and learns no more
        return judge;
    }

    /// <summary>Scores (logits): 10 for the color, 6 for the center, 8 for the background, 5 for the shape.</summary>
    /// <param name="pictures"><c>[B, 3, 64, 64]</c> in [−1, 1].</param>
    /// <returns><c>[B, 29]</c>.</returns>
    /// <exception cref="CourseException">The pictures have another shape.</exception>
    public override Tensor forward(Tensor pictures)
    {
        if (pictures.shape is not [> 0, 3, Side, Side])
            throw new CourseException($"The judge reads pictures [B, 3, {Side}, {Side}], and was given [{string.Join(", ", pictures.shape)}].");
        using var scope = NewDisposeScope();
        return scores.call(trunk.call(pictures)).MoveToOuterDisposeScope();
    }

    /// <summary>What it sees in each picture.</summary>
    /// <param name="pictures"><c>[N, 3, 64, 64]</c> in [−1, 1], as <see cref="Batches"/> and generators give them.</param>
    /// <exception cref="CourseException">The pictures have another shape.</exception>
    public IReadOnlyList<FlowerReading> Read(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var readings = new List<FlowerReading>((int)pictures.shape[0]);
        foreach (var part in pictures.split(128))
        {
            using var step = NewDisposeScope();
            var best = call(part.to(Compute.Device)).split([.. Kinds.Select(kinds => (long)kinds)], 1).Select(each => each.argmax(1).cpu().data<long>().ToArray()).ToArray();
            for (var i = 0; i < best[0].Length; i++)
                readings.Add(new((PetalColor)best[0][i], (CenterColor)best[1][i], (Backdrop)best[2][i], (PetalShape)best[3][i]));
        }
        return readings;
    }

    /// <summary>What it sees in each picture; pictures of another size are resized.</summary>
    public IReadOnlyList<FlowerReading> Read(IReadOnlyList<Picture> pictures)
    {
        using var scope = NewDisposeScope();
        return Read(PictureTensors.Of(pictures, Side));
    }

    // TorchSharp would register modules once more under the names of the fields that hold them.
    protected override void RegisterComponents() { }
}
