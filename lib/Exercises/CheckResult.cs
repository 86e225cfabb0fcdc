using ImageGen.Runtime;
using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Exercises;

/// <summary>How an exercise stands.</summary>
public enum CheckState
{
    /// <summary>The exercise still holds the line that the student is to replace.</summary>
    NotDone,

    /// <summary>The answer is wrong; the message says how.</summary>
    Wrong,

    /// <summary>The answer is right.</summary>
    Right,
}

/// <summary>What a self-check found: one line that says not only that something is wrong, but what.</summary>
/// <param name="State">How the exercise stands.</param>
/// <param name="Message">One line for the student.</param>
[TypeFormatterSource(typeof(CheckResultFormatters), PreferredMimeTypes = ["text/plain"])]
public sealed record CheckResult(CheckState State, string Message)
{
    /// <summary>The environment variable that, set to <c>strict</c>, makes every answer but a right one an error.</summary>
    public const string Variable = "IMAGEGEN_CHECKS";

    /// <summary>Gives the result back, or throws where the solutions are executed and must be right.</summary>
    /// <exception cref="CourseException">The answer is not right and <see cref="Variable"/> is <c>strict</c>.</exception>
    public CheckResult OrThrowIfStrict() =>
        State == CheckState.Right || Environment.GetEnvironmentVariable(Variable) != "strict" ? this : throw new CourseException(ToString());

    /// <inheritdoc/>
    public override string ToString() => State switch
    {
        CheckState.Right => "✔ " + Message,
        CheckState.Wrong => "✘ " + Message,
        _ => "○ " + Message,
    };
}

/// <summary>Shows a <see cref="CheckResult"/> as its one line.</summary>
public sealed class CheckResultFormatters : ITypeFormatterSource
{
    /// <inheritdoc/>
    public IEnumerable<ITypeFormatter> CreateTypeFormatters() =>
        [new PlainTextFormatter<CheckResult>((result, context) => context.Writer.Write(result.ToString()))];
}
