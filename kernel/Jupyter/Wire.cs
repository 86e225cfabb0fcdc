using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using NetMQ;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// Messages as they travel: identities, a delimiter, the signature, then header, parent header, metadata and content as
/// JSON (Jupyter's messaging protocol 5.3, "the wire protocol").
/// </summary>
/// <param name="key">The connection's key; empty means that nothing is signed.</param>
internal sealed class Wire(string key)
{
    /// <summary>The protocol's version.</summary>
    public const string ProtocolVersion = "5.3";

    private const int RememberedSignatures = 65_536;
    private const int FramesAfterDelimiter = 5;

    private static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();
    private static readonly byte[] EmptyObject = "{}"u8.ToArray();
    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly byte[] key = Encoding.UTF8.GetBytes(key);
    private readonly string session = Guid.NewGuid().ToString();
    private readonly HashSet<string> seen = [];
    private readonly Queue<string> seenInOrder = [];
    private long sent;

    /// <summary>Takes a message apart. Called from one thread.</summary>
    /// <exception cref="BadMessageException">It is malformed, wrongly signed, or was taken before.</exception>
    public Request Decode(NetMQMessage frames, Channel channel)
    {
        var delimiter = 0;
        while (delimiter < frames.FrameCount && !frames[delimiter].Span().SequenceEqual(Delimiter)) delimiter++;
        if (frames.FrameCount - delimiter - 1 < FramesAfterDelimiter) throw new BadMessageException("it lacks frames");
        var parts = Enumerable.Range(delimiter + 2, FramesAfterDelimiter - 1).Select(
            i => frames[i].ToByteArray(copy: true)).ToArray();
        Verify(frames[delimiter + 1].Span(), parts);

        var header = Parse(parts[0], "header");
        foreach (var (part, name) in parts.Skip(1).Zip(["parent header", "metadata"])) Parse(part, name);
        return new Request(
            channel, [.. Enumerable.Range(0, delimiter).Select(i => frames[i].ToByteArray(copy: true))],
            parts[0], Text(header, "msg_type"), Text(header, "msg_id"), Parse(parts[3], "content"));
    }

    /// <summary>Puts a message together.</summary>
    /// <param name="identities">The way to the client, or the topic on iopub.</param>
    /// <param name="parent">The header of the request that caused it, if one did.</param>
    /// <param name="type">Its message type.</param>
    /// <param name="content">Its content.</param>
    public NetMQMessage Encode(IEnumerable<byte[]> identities, byte[]? parent, string type, JsonObject content)
    {
        byte[][] parts = [Bytes(NewHeader(type)), parent ?? EmptyObject, EmptyObject, Bytes(content)];
        var frames = new NetMQMessage(8);
        foreach (var identity in identities) frames.Append(identity);
        frames.Append(Delimiter);
        frames.Append(Sign(parts));
        foreach (var part in parts) frames.Append(part);
        return frames;
    }

    private JsonObject NewHeader(string type) => new()
    {
        ["msg_id"] = $"{session}_{Interlocked.Increment(ref sent)}",
        ["session"] = session,
        ["username"] = "kernel",
        ["date"] = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", null),
        ["msg_type"] = type,
        ["version"] = ProtocolVersion,
    };

    private void Verify(ReadOnlySpan<byte> signature, byte[][] parts)
    {
        if (key.Length == 0) return;
        if (signature.IsEmpty) throw new BadMessageException("it is not signed");
        var expected = Sign(parts);
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), signature))
            throw new BadMessageException("its signature is wrong");
        if (!seen.Add(expected)) throw new BadMessageException("it was received before");
        seenInOrder.Enqueue(expected);
        if (seenInOrder.Count > RememberedSignatures) seen.Remove(seenInOrder.Dequeue());
    }

    private string Sign(byte[][] parts)
    {
        if (key.Length == 0) return "";
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        foreach (var part in parts) hash.AppendData(part);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static byte[] Bytes(JsonObject json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Format)) json.WriteTo(writer);
        return stream.ToArray();
    }

    private static JsonElement Parse(byte[] part, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(part);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new BadMessageException($"its {name} is not a JSON object");
        }
        catch (JsonException) { throw new BadMessageException($"its {name} is not JSON"); }
    }

    private static string Text(JsonElement header, string name)
    {
        try
        {
            if (header.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                && value.GetString() is { Length: > 0 } text)
                return text;
        }
        catch (InvalidOperationException) { } // Not UTF-8.
        throw new BadMessageException($"its header has no {name}");
    }
}

file static class Frames
{
    public static ReadOnlySpan<byte> Span(this NetMQFrame frame) => frame.Buffer.AsSpan(0, frame.MessageSize);
}
