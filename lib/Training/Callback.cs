namespace ImageGen.Training;

/// <summary>What goes with the steps of a <see cref="TrainingLoop"/>; by itself it does nothing.</summary>
public abstract class Callback
{
    /// <summary>Lower ones are called first: 0 belongs to the training, 1 keeps it, 2 only watches.</summary>
    public virtual int Order => 0;

    /// <summary>Whether the loop is to end before its next step.</summary>
    public virtual bool Stops => false;

    /// <summary>Before the first step.</summary>
    public virtual void Begin(TrainingLoop loop) { }

    /// <summary>Before each step, in its dispose scope.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="step">From 1.</param>
    public virtual void BeforeStep(TrainingLoop loop, int step) { }

    /// <summary>After each step, in its dispose scope.</summary>
    public virtual void AfterStep(TrainingLoop loop) { }

    /// <summary>After the last step, or when the loop was stopped.</summary>
    public virtual void End(TrainingLoop loop) { }
}
