using System.Text.Json;
using ImageGen.Bench;
using ImageGen.Runtime;

<<<<<<< HEAD
// dotnet run --project bench -- NAME [--json FILE]
var benches = new Dictionary<string, Func<IReadOnlyList<Measurement>>> 
{
    ["style"] = StyleBench.Run,
    ["weights"] = WeightsBench.Run,
    ["data"] = DataBench.Run,
};
var json = args is [_, "--json", var file] ? file : null;
if (args.Length is not (1 or 3) || (args.Length == 3 && json is null) || !benches.TryGetValue(args[0], out var bench))
=======
// dotnet run --project bench -- [NAME] [--json FILE]; no name runs all.
Dictionary<string, Func<IEnumerable<Measurement>>> benches = new()
{
    ["style"] = StyleBench.Run,
    ["weights"] = () =>
    {
        WeightsBench.Run(Console.Out);
        return [];
    },
    ["data"] = () => DataBench.Run(Console.Out).Select(figure => new Measurement(figure.Key, figure.Value)),
};
var json = args is [.., "--json", var file] ? file : null;
var names = json is null ? args : args[..^2];
if (names.Length > 1 || names.Except(benches.Keys).Any())
>>>>>>> refs/heads/style
{
    Console.Error.WriteLine($"bench: which one? {string.Join(", ", benches.Keys)}; add --json FILE to keep the figures");
    return 2;
}

Console.WriteLine(Compute.Describe());
var measurements = new List<Measurement>();
foreach (var name in names.Length == 0 ? [.. benches.Keys] : names)
    foreach (var measurement in benches[name]())
    {
        if (name != "data") Console.WriteLine(measurement); // that one has written its own table
        measurements.Add(measurement);
    }
if (json is not null) File.WriteAllText(json, JsonSerializer.Serialize(measurements, new JsonSerializerOptions { WriteIndented = true }));
return measurements.All(measurement => measurement.Holds) ? 0 : 1;
