using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ImageGen.Tests;

/// <summary>What was asked: the path or, through a proxy, the whole address; and the range, if any.</summary>
internal sealed record ServerRequest(string Target, long? From, long? To);

/// <summary>What is answered. Faults: stop after so many bytes of the body, by closing or by silence.</summary>
internal sealed record ServerReply(int Status, byte[] Body)
{
    internal List<string> Headers { get; init; } = [];

    internal int? CutAfter { get; init; }

    internal int? StallAfter { get; init; }

    internal bool SendLength { get; init; } = true;
}

/// <summary>A web server of a few lines that does what a test says, wrong things above all.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closing = new();
    private readonly Func<ServerRequest, int, ServerReply> script;
    private readonly List<ServerRequest> requests = [];

    /// <param name="script">From a request and its number, from 0, to the answer.</param>
    internal ScriptedServer(Func<ServerRequest, int, ServerReply> script)
    {
        this.script = script;
        listener.Start();
        _ = AcceptAsync();
    }

    internal int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    internal string Address => $"http://127.0.0.1:{Port}";

    internal IReadOnlyList<ServerRequest> Requests { get { lock (requests) return [.. requests]; } }

    /// <summary>An honest server of one file, ranges included.</summary>
    internal static ServerReply Honest(byte[] file, ServerRequest request) => request.From is not { } from
        ? new ServerReply(200, file)
        : from >= file.Length ? new ServerReply(416, [])
        : new ServerReply(206, file[(int)from..(int)Math.Min(file.Length, (request.To ?? file.Length - 1) + 1)])
        {
            Headers = [$"Content-Range: bytes {from}-{Math.Min(file.Length - 1, request.To ?? long.MaxValue)}/{file.Length}"],
        };

    public void Dispose()
    {
        closing.Cancel();
        listener.Stop();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await listener.AcceptTcpClientAsync(closing.Token));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException) { }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                var request = await ReadAsync(stream);
                int number;
                lock (requests) { number = requests.Count; requests.Add(request); }
                var reply = script(request, number);
                var head = new StringBuilder($"HTTP/1.1 {reply.Status} Scripted\r\nConnection: close\r\n");
                foreach (var header in reply.Headers) head.Append(header).Append("\r\n");
                if (reply.SendLength) head.Append($"Content-Length: {reply.Body.Length}\r\n");
                await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), closing.Token);
                var sent = reply.StallAfter ?? reply.CutAfter ?? reply.Body.Length;
                await stream.WriteAsync(reply.Body.AsMemory(0, Math.Min(sent, reply.Body.Length)), closing.Token);
                await stream.FlushAsync(closing.Token);
                if (reply.StallAfter is not null) await Task.Delay(Timeout.Infinite, closing.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException) { }
    }

    private async Task<ServerRequest> ReadAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var target = (await reader.ReadLineAsync(closing.Token) ?? throw new IOException("closed")).Split(' ')[1];
        long? from = null, to = null;
        while (await reader.ReadLineAsync(closing.Token) is { Length: > 0 } line)
        {
            if (!line.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase)) continue;
            var ends = line["Range: bytes=".Length..].Split('-');
            (from, to) = (long.Parse(ends[0]), ends[1].Length > 0 ? long.Parse(ends[1]) : null);
        }
        return new(target, from, to);
    }
}
