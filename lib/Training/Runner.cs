using ImageGen.Runtime;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>
/// Whoever runs the code, as far as long work in it is concerned: one more callback of every training. A plain program
/// does nothing; a notebook's kernel stops the loop when the student presses stop; others may also keep what was made,
/// so that it need not be made again.
/// </summary>
/// <param name="token">Stops loops; the notebook's own where it cannot be canceled.</param>
public class Runner(CancellationToken token = default) : Callback, IDisposable
{
    private static readonly AsyncLocal<Runner?> Entered = new();

    private readonly Runner? outer = Entered.Value;
    private CancellationToken stop;

    /// <summary>Who runs the code now.</summary>
    public static Runner Current => Entered.Value ?? new();

    /// <summary>
    /// Canceled when loops are to end with what there is. Ask once a loop: to look for a kernel takes a millisecond.
    /// </summary>
    public CancellationToken Token => token.CanBeCanceled ? token : KernelInterrupt.Token;

    /// <inheritdoc/>
    public override int Order => 1;

    /// <inheritdoc/>
    public override bool Stops => stop.IsCancellationRequested;

    /// <summary>Runs the code from here on, until it is disposed of.</summary>
    public static T Enter<T>(T runner) where T : Runner
    {
        Entered.Value = runner;
        return runner;
    }

    /// <inheritdoc/>
    public override void Begin(TrainingLoop loop) => stop = Token;

    /// <summary>Does other long work than training, or brings what it made before.</summary>
    /// <param name="device">Where the result belongs.</param>
    /// <param name="make">Makes it.</param>
    /// <param name="cancellation">Stops the work: what it has made is not whole then.</param>
    /// <returns>The result, in the caller's dispose scope.</returns>
    public virtual Tensor Once(Device device, Func<Tensor> make, CancellationToken cancellation = default) => make();

    /// <summary>Leaves the code to whoever ran it before.</summary>
    public void Dispose()
    {
        Entered.Value = outer;
        GC.SuppressFinalize(this);
    }
}
