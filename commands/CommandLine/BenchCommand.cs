using System.CommandLine;
using ImageGen.Course.Setup;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course bench [NAME] [--json FILE]</c></summary>
internal static class BenchCommand
{
    private static readonly Argument<string?> Name =
        new("name") { Description = "Which benchmark; none runs all.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> Json = new("--json") { Description = "Write the figures to this file "
        + "too." };

    private static readonly Option<bool> Peer = new("--peer") { Description = "With the name kernel: in turns with .NET Interactive, which is installed first." };

    public static Command Create()
    {
        var command = new Command("bench", "Builds and runs the benchmarks.") { Name, Json, Peer };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var bench = Path.Combine(Folders.Root, "bench");
            await ProjectCommand.BuildAsync(bench, cancellationToken);
            var arguments = new List<string>();
            if (parsed.GetValue(Name) is { } name) arguments.Add(name);
            if (parsed.GetValue(Peer))
            {
                if (arguments is not ["kernel"]) throw new CourseException("--peer goes with one benchmark: ./course bench kernel --peer.");
                arguments.AddRange(["--peer", UpstreamTool.Ensure(Folders.Cache)]);
            }
            if (parsed.GetValue(Json) is { } json) arguments.AddRange(["--json", Path.GetFullPath(json)]);
            return await ProjectCommand.RunAsync(
                Path.Combine(bench, "bin", "ImageGen.Bench.dll"), arguments, cancellationToken);
        });
        return command;
    }
}
