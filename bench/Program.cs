using System.Text.Json;
using ImageGen.Bench;
using ImageGen.Runtime;

// dotnet run --project bench -- [NAME] [--json FILE]; no name runs all. `kernel --peer PROGRAM` times it beside .NET Interactive.
if (args is ["kernel", "--peer", var peer, ..])
{
    KernelBench.Peer = peer;
    args = ["kernel", .. args[3..]];
}
Dictionary<string, Func<IEnumerable<Measurement>>> benches = new()
{
    ["style"] = StyleBench.Run,
["layout"] = LayoutBench.Run,
    ["peer"] = PeerBench.Run,
    ["diffusion"] = DiffusionBench.Run,
    ["lora"] = LoraBench.Run,
    ["weights"] = WeightsBench.Run,
    ["load"] = LoadBench.Run,
    ["sd"] = StableDiffusionBench.Run,
    ["finetune"] = FineTuneBench.Run,
    ["data"] = DataBench.Run,
    ["bert"] = BertBench.Run,
    ["gan"] = GanBench.Run,
    ["kernel"] = KernelBench.Run,
};
var json = args is [.., "--json", var file] ? file : null;
var names = json is null ? args : args[..^2];
if (names.Length > 1 || names.Except(benches.Keys).Any())
{
    Console.Error.WriteLine($"bench: which one? {string.Join(", ", benches.Keys)}; add --json FILE to keep the figures");
    return 2;
}

Console.WriteLine(Compute.Describe());
var measurements = new List<Measurement>();
foreach (var name in names.Length == 0 ? [.. benches.Keys] : names)
    foreach (var measurement in benches[name]())
    {
        Console.WriteLine(measurement);
        measurements.Add(measurement);
    }
if (json is not null) File.WriteAllText(json, JsonSerializer.Serialize(measurements, new JsonSerializerOptions { WriteIndented = true }));
return measurements.All(measurement => measurement.Holds) ? 0 : 1;
