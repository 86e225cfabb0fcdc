using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// PLMS (Liu and others, arXiv 2202.09778): DDIM's step, but by a sum of the last looks' predictions with the weights of Adams and
/// Bashforth, (55·ε₀ − 59·ε₁ + 37·ε₂ − 9·ε₃)/24, and the shorter sums while fewer are known. The very first step is taken
/// twice: its end is looked at, and the mean of both predictions leads there again. So it looks once more than it has steps.
/// The predictions are summed as the network makes them: velocities stay small where noises would be divided by nothing.
/// </summary>
internal sealed class PlmsSampler : MomentSampler
{
    private static readonly double[][] Weights = [[1], [3 / 2.0, -1 / 2.0], [23 / 12.0, -16 / 12.0, 5 / 12.0], [55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0]];

    internal PlmsSampler(NoiseSchedule schedule, SamplerOptions options) : base(schedule, options) =>
        Visited = Visited.Length == 1 ? Visited : [Visited[0], Visited[1], .. Visited[1..]];

    public override int LookOf(int step) => step == 0 ? 0 : step + 1;

    private protected override double End => Options.EndsClean ? 1 : Schedule.AlphaBar[0];

    public override SamplerStep Step(int look, Tensor output, Tensor latents, SamplerStep? before = null, NoiseSource? chance = null)
    {
        using var scope = NewDisposeScope();
        var here = Schedule.AlphaBar[Visited[look]];
        var newest = output.unsqueeze(0);
        var again = look == 1 && before is not null;
        var seen = before?.Seen is not { } earlier ? newest : again ? earlier : cat([newest, earlier.narrow(0, 0, Math.Min(3, earlier.shape[0]))], 0);
        var mixed = again ? (output + seen[0]) / 2 : Sum(seen);
        var (start, now, next) = again ? (before!.Start, Schedule.AlphaBar[Visited[0]], here) : (latents, here, After(look));
        var (signal, share) = (Math.Sqrt(now), Math.Sqrt(1 - now));
        var clean = Options.Prediction.ToClean(mixed, start, signal, share);
        var x = Math.Sqrt(next) * clean + Math.Sqrt(1 - next) * Options.Prediction.ToNoise(mixed, start, signal, share);
        return new(x.MoveToOuterDisposeScope(), clean.MoveToOuterDisposeScope(), latents, seen.alias().MoveToOuterDisposeScope());
    }

    private static Tensor Sum(Tensor seen)
    {
        var weights = Weights[seen.shape[0] - 1];
        return weights.Select((weight, i) => weight * seen[i]).Aggregate((a, b) => a + b);
    }
}
