using System.Globalization;
using System.Text;
using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>A stretch of a prompt and how much its words count; 1 is as usual.</summary>
public sealed record WeightedText(string Text, double Weight);

/// <summary>
/// Prompts in which some words count more or less: <c>a flower with (blue:1.3) petals</c>.
/// </summary>
/// <remarks>
/// The grammar: <c>(text:number)</c> gives the text that weight, from 0 to 10; one inside another multiplies. Parentheses
/// that do not end in a colon and a number are ordinary characters. A backslash before <c>(</c>, <c>)</c> or <c>\</c>
/// takes its meaning away: <c>\(16:9)</c> is read as it stands.
/// </remarks>
public static class PromptWeights
{
    private const double Most = 10;

    /// <summary>The stretches of a prompt in their order, neighbors of equal weight as one; an empty prompt has none.</summary>
    /// <exception cref="CourseException">A weight is above 10.</exception>
    public static IReadOnlyList<WeightedText> Parse(string prompt)
    {
        var (opens, closes) = Pairs(prompt);
        var parts = new List<WeightedText>();
        var weights = new Stack<double>([1]);
        var text = new StringBuilder();
        for (var at = 0; at < prompt.Length; at++)
        {
            if (opens.TryGetValue(at, out var weight)) Turn(() => weights.Push(weights.Peek() * weight));
            else if (closes.TryGetValue(at, out var end))
            {
                Turn(() => weights.Pop());
                at = end;
            }
            else text.Append(IsEscape(prompt, at) ? prompt[++at] : prompt[at]);
        }
        Turn(() => { });
        return parts;

        void Turn(Action change)
        {
            if (text.Length > 0 && parts.Count > 0 && parts[^1].Weight == weights.Peek()) parts[^1] = new(parts[^1].Text + text, weights.Peek());
            else if (text.Length > 0) parts.Add(new(text.ToString(), weights.Peek()));
            text.Clear();
            change();
        }
    }

    // Which parentheses carry a weight: where one opens, its weight; where its colon stands, where it closes.
    private static (Dictionary<int, double> Opens, Dictionary<int, int> Closes) Pairs(string prompt)
    {
        var (opens, closes, open) = (new Dictionary<int, double>(), new Dictionary<int, int>(), new Stack<int>());
        for (var at = 0; at < prompt.Length; at++)
        {
            if (IsEscape(prompt, at)) at++;
            else if (prompt[at] == '(') open.Push(at);
            else if (prompt[at] == ')' && open.TryPop(out var start))
            {
                var colon = prompt.LastIndexOf(':', at, at - start);
                if (colon < 0 || !double.TryParse(prompt.AsSpan(colon + 1, at - colon - 1).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight)) continue;
                if (weight > Most)
                    throw new CourseException($"The prompt gives '{prompt[start..(at + 1)]}' the weight {weight.ToString(CultureInfo.InvariantCulture)}: a weight is from 0 to 10; write \\( where a parenthesis is meant.");
                opens[start] = weight;
                closes[colon] = at;
            }
        }
        return (opens, closes);
    }

    private static bool IsEscape(string prompt, int at) => prompt[at] == '\\' && at + 1 < prompt.Length && prompt[at + 1] is '(' or ')' or '\\';
}
