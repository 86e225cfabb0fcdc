namespace ImageGen.Tests;

/// <summary>Tests of what the whole process shares: the random number generator, its memory. No other test runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
