using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Exercises;

/// <summary>
/// Self-checks for exercises. Each runs the student's code, compares it with the right answer, and explains the
/// difference: a missing answer, an exception, another shape, a constant factor, a transposition, or where it is off.
/// </summary>
/// <remarks>An exercise starts with an answer of <c>null</c>; that is "not done yet", never an error.</remarks>
public static class Check
{
    /// <summary>Compares a tensor the student computed with the right one.</summary>
    /// <param name="name">What is being checked, as the student knows it.</param>
    /// <param name="answer">The student's code; <c>null</c> from it means the exercise is not done.</param>
    /// <param name="expected">The right tensor.</param>
    /// <param name="tolerance">Largest difference allowed, relative to the largest value of <paramref name="expected"/>.</param>
    /// <param name="factors">Factors that are easily forgotten, with their names: ("H·W", 1024).</param>
    public static CheckResult Tensor(string name, Func<Tensor?> answer, Tensor expected, double tolerance = 1e-4,
        params (string Name, double Value)[] factors) =>
        Run(name, answer, actual =>
        {
            using var scope = NewDisposeScope();
            return Differences.Explain(actual, expected, tolerance, factors);
        });

    /// <summary>Compares a number the student computed with the right one.</summary>
    /// <inheritdoc cref="Tensor"/>
    public static CheckResult Number(string name, Func<double?> answer, double expected, double tolerance = 1e-4,
        params (string Name, double Value)[] factors) =>
        Run(name, answer, actual =>
        {
            if (Math.Abs(actual!.Value - expected) <= tolerance * Math.Max(1e-12, Math.Abs(expected))) return null;
            return Differences.Factor(actual.Value / expected, factors)
                ?? $"it is {Text(actual.Value)} and should be {Text(expected)}";
        });

    /// <summary>Checks an answer by a rule that returns what is wrong, or <c>null</c> when it is right.</summary>
    public static CheckResult That<T>(string name, Func<T?> answer, Func<T, string?> whatIsWrong) =>
        Run(name, answer, actual => whatIsWrong(actual!));

    /// <summary>Checks the choice made in a question with several answers.</summary>
    /// <param name="name">What is being asked.</param>
    /// <param name="answer">The letter chosen; empty means not done.</param>
    /// <param name="right">The right letter.</param>
    /// <param name="because">For each wrong letter, why it is wrong.</param>
    public static CheckResult Choice(string name, string answer, string right, params (string Letter, string Why)[] because) =>
        Run(name, () => string.IsNullOrWhiteSpace(answer) ? null : answer.Trim().ToUpperInvariant(), letter =>
            letter == right ? null
            : because.Where(wrong => wrong.Letter == letter).Select(wrong => $"{letter} is not it: {wrong.Why}").FirstOrDefault()
              ?? $"'{letter}' is not one of the letters offered");

    internal static string Text(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static CheckResult Run<T>(string name, Func<T?> answer, Func<T?, string?> whatIsWrong)
    {
        CheckResult result;
        try
        {
            result = answer() is not { } actual ? new(CheckState.NotDone, $"{name}: not done yet. Replace the null above with your code and run both cells again.")
                : whatIsWrong(actual) is { } wrong ? new(CheckState.Wrong, $"{name}: {wrong}.")
                : new(CheckState.Right, $"{name}: right.");
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            result = new(CheckState.Wrong, $"{name}: your code stopped with {error.GetType().Name}: {FirstLine(error.Message)}");
        }
        return result.OrThrowIfStrict();
    }

    private static string FirstLine(string message) => message.Split('\n')[0].TrimEnd();
}
