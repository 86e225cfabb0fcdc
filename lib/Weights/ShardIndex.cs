using System.Text.Json;

namespace ImageGen.Weights;

/// <summary>
/// Reads an index such as <c>model.safetensors.index.json</c>, which says which file of the same folder holds which tensor:
/// <c>{"metadata": {…}, "weight_map": {"name": "model-00001-of-00002.safetensors"}}</c>.
/// </summary>
internal static class ShardIndex
{
    private const long LongestIndex = 100_000_000;

    /// <returns>Tensor name to file name, in the index's order.</returns>
    internal static IReadOnlyList<(string Tensor, string File)> Read(string path)
    {
        using var file = RawFile.Open(path);
        if (file.Length > LongestIndex) throw file.Bad($"an index has at most {LongestIndex} bytes, this file {file.Length}");
        try
        {
            using var json = JsonDocument.Parse(file.Read(0, (int)file.Length));
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
                throw file.Bad("an index of weights needs an object 'weight_map'");
            var places = new List<(string, string)>();
            var names = new HashSet<string>();
            foreach (var property in map.EnumerateObject())
            {
                var shard = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : "";
                // A plain name only: an index may not reach for files outside its folder.
                if (shard is "" or "." or ".." || shard != Path.GetFileName(shard) || shard.Contains('\\') || shard.Contains('\0'))
                    throw file.Bad($"its tensor '{property.Name}' should name a file beside it, not {property.Value.GetRawText()}");
                if (!names.Add(property.Name)) throw file.Bad($"it names '{property.Name}' twice");
                places.Add((property.Name, shard));
            }
            return places;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw file.Bad("it ends in .json, but is not an index of weights in JSON");
        }
    }
}
