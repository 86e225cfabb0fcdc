using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Course.Recipes;

/// <summary>
/// The deep layers of the filter pyramid, trained in place of random: to tell 64 kinds of drawn texture apart by the mean
/// and spread of their maps, whatever the light. An experiment of lesson 03; see there what came of it.
/// </summary>
internal sealed class PerceptualRecipe : Recipe
{
    private const int Kinds = 64, KindsAtOnce = 8, PiecesOfEach = 3, Side = 48;
    private const double Rate = 2e-3;

    public override string Name => "perceptual";

    public override string About => "The filter pyramid with deep layers trained to tell textures apart.";

    public override string Data => $"{Kinds} kinds of texture drawn from noise";

    public override int Steps => 2400;

    public override RecipeResult Train(RecipeRun run)
    {
        using var network = new FilterPyramid();
        using var head = nn.Linear(2 * 128, Kinds);
        foreach (var parameter in network.parameters()) parameter.requires_grad_(true);
        using var adam = optim.Adam(network.parameters().Concat(head.parameters()), Rate);
        var state = new TrainingState().Add("network", network).Add("head", head).Add("adam", adam);
        if (run.Resume) state.Load(run.StateFile);
        new TrainingLoop(run.Steps, ["loss", "right"], state,
        [
            new LearningRateSchedule(
                adam, step => Rate * LearningRates.Cosine(step, run.Steps, warmUp: 20, lowest: 0.02)),
            new StateSaving(run.StateFile, every: 100),
            new ProgressReports(run.Progress, () => Sample(run.Seed)),
            new Cancellation(run.Cancellation),
        ]).Run(Step);

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var right = Enumerable.Range(0, 8).Average(batch => Score(Seeds.At(run.Seed + 1, batch))[1].ToDouble());
        network.Calibrate();
        var tensors = Weights(network.state_dict());
        return new(
            tensors, null, new Dictionary<string, double> { ["share of new pieces told apart"] = right }, state.Step,
            state.Elapsed);

        Tensor Step(int step)
        {
            adam.zero_grad();
            var scores = Score(Seeds.At(run.Seed, step));
            scores[0].backward();
            adam.step();
            return scores.detach();
        }

        Tensor Score(long seed)
        {
            using var inner = NewDisposeScope();
            var (pictures, kinds) = Batch(seed);
            var maps = network.Extract(pictures, "random3_2")["random3_2"];
            var spread = (maps - maps.mean([2, 3], keepdim: true)).square().mean([2, 3]).add(1e-4).sqrt();
            var guesses = head.forward(cat([maps.mean([2, 3]), spread], 1));
            var loss = nn.functional.cross_entropy(guesses, kinds);
            return stack([loss, guesses.argmax(1).eq(kinds).to(float32).mean().detach()]).MoveToOuterDisposeScope();
        }
    }

    private static (Tensor Pictures, Tensor Kinds) Batch(long seed)
    {
        var random = new Random(unchecked((int)seed));
        var kinds = Enumerable.Range(0, KindsAtOnce).Select(_ => random.Next(Kinds)).ToArray();
        var pieces = cat([.. kinds.Select(kind => NoiseTextures.Draw(kind, PiecesOfEach, Side, random.NextInt64()))]);
        // Light and tint change from piece to piece, so that color alone does not give the kind away.
        using var generator = new Generator((ulong)seed);
        var tint = 0.7 + 0.6 * rand([pieces.size(0), 3, 1, 1], generator: generator);
        return (
            (pieces * tint).clamp(0, 1),
            tensor(kinds.SelectMany(kind => Enumerable.Repeat((long)kind, PiecesOfEach)).ToArray()));
    }

    private static Picture Sample(int seed)
    {
        using var scope = NewDisposeScope();
        return Picture.FromTensor(Batch(seed).Pictures[..1]);
    }
}
