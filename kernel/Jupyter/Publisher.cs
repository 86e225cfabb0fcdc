using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using NetMQ;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// The one way out of the kernel: a queue and a thread that sends. So messages leave in the order in which they were
/// made, whole, whatever happens to the cell that made them.
/// </summary>
internal sealed class Publisher : IDisposable
{
    // Text written in small pieces leaves a few times a second; a burst of displays leaves slower than a front end's
    // limit (Jupyter's server stops listening at 1,000 messages a second).
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);
    private const int MostGathered = 64 * 1024;
    private const int MostDisplaysPerSecond = 200;

    private readonly BlockingCollection<Outgoing> queue = new(boundedCapacity: 2000);
    private readonly Action<NetMQMessage> iopub;
    private readonly Action<Channel, NetMQMessage> reply;
    private readonly Wire wire;
    private readonly Thread thread;
    private readonly Stopwatch second = Stopwatch.StartNew();
    private int displaysThisSecond;

    /// <summary>Starts the thread.</summary>
    /// <param name="wire">Signs.</param>
    /// <param name="iopub">Sends to all clients; called on this thread only.</param>
    /// <param name="reply">Sends to one client.</param>
    public Publisher(Wire wire, Action<NetMQMessage> iopub, Action<Channel, NetMQMessage> reply)
    {
        (this.wire, this.iopub, this.reply) = (wire, iopub, reply);
        thread = new Thread(Work) { IsBackground = true, Name = "publisher" };
        thread.Start();
    }

    /// <summary>Tells all clients.</summary>
    public void Publish(Request? parent, string type, JsonObject content) =>
        Add(new Outgoing(parent, type, content, null));

    /// <summary>Tells all clients text of a stream; neighboring pieces go together.</summary>
    public void Stream(Request parent, bool isError, string text) =>
        Add(new Outgoing(parent, "stream", new JsonObject { ["name"] = isError ? "stderr" : "stdout" }, null) { Text = new StringBuilder(text) });

    /// <summary>Answers the client that asked.</summary>
    public void Reply(Request request, string type, JsonObject content) =>
        Add(new Outgoing(request, type, content, request.Channel));

    /// <summary>Asks the client that asked, on a channel of its own.</summary>
    public void Ask(Request request, Channel channel, string type, JsonObject content) =>
        Add(new Outgoing(request, type, content, channel));

    /// <summary>Begins or ends the work on a request.</summary>
    public void Status(Request? parent, string state) =>
        Publish(parent, "status", new JsonObject { ["execution_state"] = state });

    /// <summary>Sends what is queued, then ends.</summary>
    public void Dispose()
    {
        queue.CompleteAdding();
        thread.Join(TimeSpan.FromSeconds(2));
    }

    private void Add(Outgoing message)
    {
        try { queue.Add(message); }
        catch (InvalidOperationException) { } // The kernel is ending; nobody listens any more.
    }

    private void Work()
    {
        Outgoing? pending = null;
        var since = 0L;
        while (!queue.IsCompleted || pending is not null)
        {
            var wait = pending is null ? Timeout.InfiniteTimeSpan : Gather - Stopwatch.GetElapsedTime(since);
            if (pending is not null && wait <= TimeSpan.Zero || !queue.TryTake(out var next, wait))
            {
                if (pending is not null) Send(pending);
                pending = null;
                continue;
            }
            if (pending is not null && pending.TryMerge(next, MostGathered)) continue;
            if (pending is not null) Send(pending);
            pending = next.CanMerge ? next : null;
            since = Stopwatch.GetTimestamp();
            if (pending is null) Send(next);
        }
    }

    private void Send(Outgoing message)
    {
        try
        {
            var content = message.Content;
            if (message.Text is { } text) content["text"] = text.ToString();
            var identities = message.To is null ? [Encoding.UTF8.GetBytes(message.Type)] : message.Parent!.Identities;
            var frames = wire.Encode(identities, message.Parent?.Header, message.Type, content);
            if (message.To is { } channel) reply(channel, frames);
            else
            {
                if (message.Type == "display_data") Throttle();
                iopub(frames);
            }
        }
        catch (Exception error) { KernelLog.Write($"A {message.Type} message could not be sent: {error.Message}"); }
    }

    private void Throttle()
    {
        if (second.ElapsedMilliseconds >= 1000)
        {
            second.Restart();
            displaysThisSecond = 0;
        }
        if (++displaysThisSecond >= MostDisplaysPerSecond)
            Thread.Sleep(Math.Max(0, 1000 - (int)second.ElapsedMilliseconds));
    }

    private sealed record Outgoing(Request? Parent, string Type, JsonObject Content, Channel? To)
    {
        public StringBuilder? Text { get; init; }

        public bool CanMerge => Text is not null || Type == "update_display_data";

        // More text of the same stream, or a newer state of the same display.
        public bool TryMerge(Outgoing next, int mostText)
        {
            if (next.Parent != Parent || next.Type != Type) return false;
            if (Text is not null)
            {
                if (Text.Length > mostText || (string?)next.Content["name"] != (string?)Content["name"]) return false;
                Text.Append(next.Text);
                return true;
            }
            if ((string?)next.Content["transient"]!["display_id"] != (string?)Content["transient"]!["display_id"])
                return false;
            foreach (var part in new[] { "data", "metadata" }) Content[part] = next.Content[part]!.DeepClone();
            return true;
        }
    }
}
