namespace ImageGen.Runtime;

/// <summary>How much work a lesson does.</summary>
public enum Scale
{
    /// <summary>Seconds: every line runs, nothing is worth looking at. What the tests execute.</summary>
    Smoke,

    /// <summary>Minutes on two cores, with what the repository holds. The default.</summary>
    Small,

    /// <summary>A GPU, published weights and real data.</summary>
    Full,
}

/// <summary>The one setting that runs through the course. A notebook never branches on it; the library does.</summary>
public static class Scales
{
    /// <summary>The environment variable that sets the scale: <c>smoke</c>, <c>small</c> or <c>full</c>.</summary>
    public const string Variable = "IMAGEGEN_SCALE";

    /// <summary>The scale of this process; <see cref="Scale.Small"/> when <see cref="Variable"/> is not set.</summary>
    /// <exception cref="CourseException">The variable holds another word.</exception>
    public static Scale Current => Parse(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Reads a scale by name; nothing means <see cref="Scale.Small"/>.</summary>
    /// <exception cref="CourseException"><paramref name="text"/> is not a scale's name.</exception>
    public static Scale Parse(string? text) => text?.Trim().ToLowerInvariant() switch
    {
        null or "" or "small" => Scale.Small,
        "smoke" => Scale.Smoke,
        "full" => Scale.Full,
        _ => throw new CourseException($"The scale '{text}' does not exist: {Variable} and --scale take smoke, small or full."),
    };

    /// <summary>The one of three values that fits the current scale.</summary>
    public static T Pick<T>(T smoke, T small, T full) => Current switch
    {
        Scale.Smoke => smoke,
        Scale.Small => small,
        _ => full,
    };
}
