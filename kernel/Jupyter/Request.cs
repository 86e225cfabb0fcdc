using System.Text.Json;

namespace ImageGen.Kernel.Jupyter;

/// <summary>The socket a request came in on, and its reply goes out on.</summary>
internal enum Channel { Shell, Control, Stdin }

/// <summary>A message from a client, its signature verified.</summary>
/// <param name="Channel">Where it came in.</param>
/// <param name="Identities">The way back to the client.</param>
/// <param name="Header">Its header, byte for byte: the parent header of all that answers it.</param>
/// <param name="MessageType">For example <c>execute_request</c>.</param>
/// <param name="MessageId">Names this message.</param>
/// <param name="Content">A JSON object.</param>
internal sealed record Request(
    Channel Channel, IReadOnlyList<byte[]> Identities, byte[] Header, string MessageType, string MessageId, JsonElement Content);

/// <summary>A message that cannot be taken: wrong frames, signature, JSON or fields.</summary>
internal sealed class BadMessageException(string message) : Exception(message);
