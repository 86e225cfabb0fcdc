using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using NetMQ;
using NetMQ.Sockets;

namespace ImageGen.Tests.Jupyter;

/// <summary>
/// A client written from the protocol's description, with nothing of the kernel's own code for messages: it starts a real
/// kernel process and talks to it over the network.
/// </summary>
public sealed class KernelClient : IDisposable
{
    public static readonly TimeSpan Ample = TimeSpan.FromSeconds(60);

    private readonly DealerSocket shell = new(), control = new(), stdin = new();
    private readonly SubscriberSocket iopub = new();
    private readonly RequestSocket heartbeat = new();
    private readonly List<JupyterMessage> published = [];
    private readonly string session = Guid.NewGuid().ToString();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("imagegen-test-");
    private readonly StringBuilder log = new();
    private int sent;

    public KernelClient(IDictionary<string, string>? environment = null, string? workingDirectory = null)
    {
        Ports = KernelStart.FreePorts(5);
        ConnectionFile = Path.Combine(folder.FullName, "kernel.json");
        File.WriteAllText(ConnectionFile, Connection().ToJsonString());
        Process = KernelStart.Kernel(ConnectionFile, workingDirectory ?? folder.FullName, environment, line => { lock (log) log.AppendLine(line); });
        Connect();
    }

    /// <summary>The key both sides sign with.</summary>
    public string Key { get; } = Guid.NewGuid().ToString();

    public string ConnectionFile { get; }

    public int[] Ports { get; }

    public Process Process { get; private set; }

    /// <summary>What the kernel wrote to standard error so far.</summary>
    public string Log
    {
        get { lock (log) return log.ToString(); }
    }

    public JsonObject Connection() => new()
    {
        ["transport"] = "tcp", ["ip"] = "127.0.0.1", ["key"] = Key, ["signature_scheme"] = "hmac-sha256", ["kernel_name"] = ".net-csharp",
        ["shell_port"] = Ports[0], ["iopub_port"] = Ports[1], ["stdin_port"] = Ports[2], ["control_port"] = Ports[3], ["hb_port"] = Ports[4],
    };

    /// <summary>Starts another kernel on the same connection file, as Jupyter does when one died.</summary>
    public void StartAgain()
    {
        Process = KernelStart.Kernel(ConnectionFile, folder.FullName, null, line => { lock (log) log.AppendLine(line); });
        WaitUntilReady();
    }

    /// <summary>Runs a cell to its idle status.</summary>
    public Answer Execute(string code, bool allowStdin = false, JsonObject? more = null, Action? whileRunning = null)
    {
        var content = new JsonObject { ["code"] = code, ["silent"] = false, ["store_history"] = true, ["user_expressions"] = new JsonObject(), ["allow_stdin"] = allowStdin, ["stop_on_error"] = true };
        foreach (var (name, value) in more ?? []) content[name] = value?.DeepClone();
        var id = Send(shell, "execute_request", content);
        whileRunning?.Invoke();
        return Collect(id, shell);
    }

    /// <summary>Asks on the shell channel and waits for the reply and idle.</summary>
    public Answer Ask(string type, JsonObject content) => Collect(Send(shell, type, content), shell);

    /// <summary>Asks on the control channel.</summary>
    public Answer Command(string type, JsonObject content) => Collect(Send(control, type, content), control);

    public string SendShell(string type, JsonObject content) => Send(shell, type, content);

    public string SendControl(string type, JsonObject content) => Send(control, type, content);

    public void SendInput(string value) => Send(stdin, "input_reply", new JsonObject { ["value"] = value });

    /// <summary>The question of the cell that runs; an older one that was never answered is passed over.</summary>
    public JupyterMessage ReceiveInputRequest()
    {
        while (true)
        {
            var asked = Receive(stdin, Ample) ?? throw new TimeoutException("No input_request came. " + Log);
            if (asked.ParentId == $"{session}_{sent}") return asked;
        }
    }

    /// <summary>Frames as they are, right or wrong.</summary>
    public void SendFrames(params byte[][] frames) => shell.SendMultipartBytes(frames);

    public void SendFramesTo(bool toControl, params byte[][] frames) => (toControl ? control : shell).SendMultipartBytes(frames);

    /// <summary>The frames of a rightly signed message.</summary>
    public byte[][] Frames(string type, JsonObject content, out string id) => Signed(Key, Header(type, out id), "{}", "{}", content.ToJsonString());

    public static byte[][] Signed(string key, params string[] parts)
    {
        var bytes = parts.Select(Encoding.UTF8.GetBytes).ToArray();
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), bytes.SelectMany(b => b).ToArray()));
        return ["<IDS|MSG>"u8.ToArray(), Encoding.ASCII.GetBytes(signature), .. bytes];
    }

    public string Header(string type, out string id)
    {
        id = $"{session}_{++sent}";
        return new JsonObject { ["msg_id"] = id, ["session"] = session, ["username"] = "test", ["date"] = DateTime.UtcNow.ToString("o"), ["msg_type"] = type, ["version"] = "5.3" }.ToJsonString();
    }

    /// <summary>Everything for one request, from busy to idle, with its reply.</summary>
    public Answer CollectShell(string id) => Collect(id, shell);

    /// <summary>The last message for a request so far.</summary>
    public JupyterMessage? Seen(string id)
    {
        while (Receive(iopub, TimeSpan.Zero) is { } message) published.Add(message);
        return published.LastOrDefault(m => m.ParentId == id);
    }

    /// <summary>Waits for a message on iopub.</summary>
    public JupyterMessage WaitFor(Func<JupyterMessage, bool> wanted)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (published.FirstOrDefault(wanted) is { } found) return found;
            if (watch.Elapsed > Ample) throw new TimeoutException("The kernel published nothing that fits. " + Log);
            if (Receive(iopub, TimeSpan.FromSeconds(1)) is { } message) published.Add(message);
        }
    }

    public bool Beats(byte[] beat)
    {
        heartbeat.SendFrame(beat);
        return heartbeat.TryReceiveFrameBytes(Ample, out var echo) && echo!.SequenceEqual(beat);
    }

    public void Dispose()
    {
        foreach (NetMQSocket socket in new NetMQSocket[] { shell, control, stdin, iopub, heartbeat })
        {
            socket.Options.Linger = TimeSpan.Zero;
            socket.Dispose();
        }
        if (!Process.HasExited) Process.Kill(entireProcessTree: true);
        Process.WaitForExit();
        folder.Delete(recursive: true);
    }

    private void Connect()
    {
        stdin.Options.Identity = shell.Options.Identity = Encoding.ASCII.GetBytes(session);
        shell.Connect($"tcp://127.0.0.1:{Ports[0]}");
        iopub.Connect($"tcp://127.0.0.1:{Ports[1]}");
        iopub.SubscribeToAnyTopic();
        iopub.Options.ReceiveHighWatermark = 0;
        stdin.Connect($"tcp://127.0.0.1:{Ports[2]}");
        control.Connect($"tcp://127.0.0.1:{Ports[3]}");
        heartbeat.Connect($"tcp://127.0.0.1:{Ports[4]}");
        WaitUntilReady();
    }

    // As real clients do: until the reply is there and iopub is heard too.
    private void WaitUntilReady()
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var id = Send(shell, "kernel_info_request", []);
            var reply = Receive(shell, TimeSpan.FromSeconds(1));
            while (reply is not null && reply.ParentId != id) reply = Receive(shell, TimeSpan.FromSeconds(1));
            while (Receive(iopub, TimeSpan.FromMilliseconds(300)) is { } message)
                if (reply is not null && message.ParentId == id && (string?)message.Content["execution_state"] == "idle") return;
            if (watch.Elapsed > Ample || Process.HasExited) throw new InvalidOperationException("The kernel did not start. " + Log);
        }
    }

    private string Send(DealerSocket socket, string type, JsonObject content)
    {
        socket.SendMultipartBytes(Frames(type, content, out var id));
        return id;
    }

    private Answer Collect(string id, DealerSocket socket)
    {
        WaitFor(m => m.ParentId == id && m.Type == "status" && (string?)m.Content["execution_state"] == "idle");
        var mine = published.Where(m => m.ParentId == id).ToArray();
        published.RemoveAll(m => m.ParentId == id);
        JupyterMessage? reply;
        do reply = Receive(socket, TimeSpan.FromSeconds(5));
        while (reply is not null && reply.ParentId != id);
        return new Answer(reply?.Content ?? throw new TimeoutException("No reply came. " + Log), mine);
    }

    // Checks every signature.
    private JupyterMessage? Receive(NetMQSocket socket, TimeSpan patience)
    {
        NetMQMessage? frames = null;
        if (!socket.TryReceiveMultipartMessage(patience, ref frames)) return null;
        var at = Enumerable.Range(0, frames!.FrameCount).First(i => frames[i].ConvertToString() == "<IDS|MSG>");
        string[] parts = [.. Enumerable.Range(at + 2, 4).Select(i => frames[i].ConvertToString(Encoding.UTF8))];
        Assert.Equal(Encoding.ASCII.GetString(Signed(Key, parts)[1]), frames[at + 1].ConvertToString());
        JsonObject Json(int i) => JsonNode.Parse(parts[i])!.AsObject();
        return new JupyterMessage((string)Json(0)["msg_type"]!, Json(0), Json(1), Json(3));
    }
}
