using System.Globalization;
using System.Text.Json.Nodes;

namespace ImageGen.Tests.Jupyter;

/// <summary>One received message.</summary>
public sealed record JupyterMessage(string Type, JsonObject Header, JsonObject Parent, JsonObject Content)
{
    public string ParentId => (string?)Parent["msg_id"] ?? "";

    /// <summary>When the kernel sent it, by its own clock.</summary>
    public DateTime Sent => DateTime.Parse((string)Header["date"]!, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
}

/// <summary>What came back for one request: everything on iopub from busy to idle, and the reply.</summary>
public sealed record Answer(JsonObject Reply, IReadOnlyList<JupyterMessage> Published)
{
    public IEnumerable<string> Types => Published.Select(m => m.Type == "status" ? (string)m.Content["execution_state"]! : m.Type);

    public string Stdout => Text("stdout");

    public string Stderr => Text("stderr");

    public JsonObject Content(string type) => Published.First(m => m.Type == type).Content;

    private string Text(string name) => string.Concat(Published.Where(m => m.Type == "stream" && (string?)m.Content["name"] == name).Select(m => (string?)m.Content["text"]));
}
