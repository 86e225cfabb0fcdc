using System.Text.Json;
using System.Text.Json.Serialization;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Course.Running;

/// <summary>What the runner asks of a lesson's process: one JSON object a line.</summary>
/// <param name="Code">A cell to run; null interrupts the one that runs.</param>
internal sealed record HostRequest(string? Code);

/// <summary>What a lesson's process tells: that a cell starts, an output, or the end of a cell.</summary>
/// <param name="Output">An output of the current cell, or of one before it.</param>
/// <param name="Cell">The number of the cell it belongs to.</param>
/// <param name="Ended">Set when the cell has ended; with neither, the cell starts.</param>
internal sealed record HostReport(int Cell, CellOutput? Output = null, HostEnd? Ended = null);

/// <summary>The end of a cell.</summary>
/// <param name="Status">How.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="PeakBytes">The most memory the process has had so far.</param>
/// <param name="Error">What was shown, unless it ended well.</param>
internal sealed record HostEnd(CellStatus Status, double Seconds, long PeakBytes, ErrorOutput? Error);

/// <summary>Both as JSON, without reflection: the first message comes sooner.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(HostRequest))]
[JsonSerializable(typeof(HostReport))]
internal sealed partial class HostJson : JsonSerializerContext;
