using System.Text.Json;
using ImageGen.Bench;
using ImageGen.Runtime;

// dotnet run --project bench -- NAME [--json FILE]
var benches = new Dictionary<string, Func<IReadOnlyList<Measurement>>> 
{
    ["style"] = StyleBench.Run,
    ["weights"] = WeightsBench.Run,
    ["data"] = DataBench.Run,
    ["kernel"] = KernelBench.Run,
};
var json = args is [_, "--json", var file] ? file : null;
if (args.Length is not (1 or 3) || (args.Length == 3 && json is null) || !benches.TryGetValue(args[0], out var bench))
{
    Console.Error.WriteLine($"bench: which one? {string.Join(", ", benches.Keys)}; add --json FILE to keep the figures");
    return 2;
}

Console.WriteLine(Compute.Describe());
var measurements = bench();
Measurement.Print(measurements);
if (json is not null) File.WriteAllText(json, JsonSerializer.Serialize(measurements, new JsonSerializerOptions { WriteIndented = true }));
return measurements.All(measurement => measurement.Holds) ? 0 : 1;
