using System.Globalization;
using System.Text.Json.Nodes;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// Sends a cell's outputs to the clients, within what a notebook can hold: a cell that floods is cut with a notice, and
/// goes on running.
/// </summary>
internal sealed class CellSink(Publisher publisher, InputChannel input, Request request, int number, bool allowStdin) : IOutputSink, IInputSource
{
    private const int MostText = 512 * 1024;
    private const int MostDisplays = 2000;
    private const int MostBundle = 20 * 1024 * 1024;

    private int text, displays, cutText, cutDisplays;

    public void Write(CellOutput output)
    {
        switch (output)
        {
            case StreamOutput stream:
                WriteText(stream);
                break;
            case DisplayOutput display when Volatile.Read(ref displays) < MostDisplays
                && Interlocked.Increment(ref displays) <= MostDisplays:
                publisher.Publish(request, "display_data", Bundle(display.Bundle, display.DisplayId));
                break;
            case DisplayOutput when IsFirst(ref cutDisplays):
                publisher.Stream(request, true, $"\n… what this cell shows from here on is left out: it has shown "
                    + $"{MostDisplays:N0} things.\n");
                break;
            case UpdateDisplay update:
                publisher.Publish(request, "update_display_data", Bundle(update.Bundle, update.DisplayId));
                break;
            case ClearOutput clear:
                publisher.Publish(request, "clear_output", new JsonObject { ["wait"] = clear.Wait });
                break;
            case ResultOutput result:
                var content = Bundle(result.Bundle, null);
                content["execution_count"] = number;
                publisher.Publish(request, "execute_result", content);
                break;
            case ErrorOutput error:
                publisher.Publish(request, "error", ErrorContent.Of(error));
                break;
        }
    }

    /// <summary>Asks the student for a line; null where nobody can answer.</summary>
    public string? ReadLine(CancellationToken cancellationToken) =>
        allowStdin ? input.Ask(request, prompt: "", isPassword: false, cancellationToken) : null;

    private void WriteText(StreamOutput stream)
    {
        var before = Interlocked.Add(ref text, stream.Text.Length) - stream.Text.Length;
        if (before + stream.Text.Length <= MostText)
        {
            publisher.Stream(request, stream.IsError, stream.Text);
            return;
        }
        // What fits may have ended right at the limit: the notice comes with the first text that is lost, whatever that
        // is.
        if (before >= MostText) Interlocked.Add(ref text, -stream.Text.Length); // the counter must not overflow
        var kept = stream.Text[..Math.Max(0, MostText - before)];
        if (IsFirst(ref cutText))
            publisher.Stream(request, stream.IsError, $"{kept}\n… the rest of this cell's text is left out: it has "
                + $"written more than {MostText / 1024} KB. The cell goes on.\n");
        else if (kept.Length > 0) publisher.Stream(request, stream.IsError, kept);
    }

    private static bool IsFirst(ref int said) => Interlocked.Exchange(ref said, 1) == 0;

    private static JsonObject Bundle(JsonObject bundle, string? displayId)
    {
        var size = bundle.Sum(
            entry => entry.Value is JsonValue value && value.TryGetValue<string>(out var part) ? (long)part.Length : 0);
        var content = new JsonObject
        {
            ["data"] = size <= MostBundle
                ? bundle.DeepClone()
                : new JsonObject { ["text/plain"] = TooLarge(bundle, size) },
            ["metadata"] = size <= MostBundle ? DisplaySize.Metadata(bundle) : [],
        };
        content["transient"] = displayId is null ? new JsonObject() : new JsonObject { ["display_id"] = displayId };
        return content;
    }

    private static string TooLarge(JsonObject bundle, long size) => string.Create(CultureInfo.InvariantCulture,
        $"(An output of {size / 1048576.0:0} MB as {string.Join(", ", bundle.Select(entry => entry.Key))} is too "
            + $"large for a notebook, which takes {MostBundle / 1048576} MB: make it smaller, or save it to a file.)");
}
