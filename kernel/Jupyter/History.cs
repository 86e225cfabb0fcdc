using System.IO.Enumeration;
using System.Text.Json.Nodes;

namespace ImageGen.Kernel.Jupyter;

/// <summary>The inputs of this session, for clients that offer them again. They are not kept on disk.</summary>
internal sealed class History
{
    private const int Session = 1;

    private readonly Lock gate = new();
    private readonly List<(int Number, string Code)> inputs = [];

    /// <summary>Remembers a cell.</summary>
    public void Add(int number, string code)
    {
        lock (gate) inputs.Add((number, code));
    }

    /// <summary>What a history request asks for.</summary>
    public JsonObject Find(HistoryContent asked)
    {
        lock (gate)
        {
            IEnumerable<(int Number, string Code)> found = asked.HistAccessType switch
            {
                // Session 0 is this one; a negative one lies that many back, and nothing is kept of those.
                "range" when asked.Session is 0 or Session =>
                    inputs.Where(i => i.Number >= asked.Start && (asked.Stop is null || i.Number < asked.Stop)),
                "tail" => inputs.TakeLast(Math.Max(0, asked.N ?? 0)),
                "search" => Search(asked),
                _ => [],
            };
            return new JsonObject
            {
                ["status"] = "ok",
                ["history"] = new JsonArray([.. found.Select(i => new JsonArray(Session, i.Number, asked.Output ? new JsonArray(i.Code, null) : i.Code))]),
            };
        }
    }

    private IEnumerable<(int Number, string Code)> Search(HistoryContent asked)
    {
        var found = inputs.Where(
            i => FileSystemName.MatchesSimpleExpression(asked.Pattern ?? "*", i.Code, ignoreCase: false));
        if (asked.Unique) found = found.Reverse().DistinctBy(i => i.Code).Reverse();
        return asked.N is { } n ? found.TakeLast(Math.Max(0, n)) : found;
    }
}
