namespace ImageGen.Data;

/// <summary>The part of a data set.</summary>
public enum Split
{
    /// <summary>What a model learns from.</summary>
    Train,

    /// <summary>What its settings are chosen by.</summary>
    Validation,

    /// <summary>What it is judged by: new pictures of kinds it has seen.</summary>
    Test,

    /// <summary>Only in <see cref="Petals"/>: combinations that training never showed, each part of which it did.</summary>
    HeldOut,
}
