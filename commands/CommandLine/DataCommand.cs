using System.CommandLine;
using ImageGen.Weights;
using Spectre.Console;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course data list|fetch NAME|verify|draw</c></summary>
internal static class DataCommand
{
    public static Command Create() => new("data", "The published weights and data sets: what there is, fetching, "
        + "checking; and the pictures the course draws itself.")
    {
        List(), Fetch(), Verify(), DrawCommand.Create(),
    };

    private static Command List()
    {
        var command = new Command("list", "Lists everything remote that the course can use, and what of it is here.");
        command.SetAction(_ =>
        {
            var table = new Table().AddColumns("name", "what it is", "size", "lessons", "license", "here");
            foreach (var source in Sources.Load())
                table.AddRow(new[] { source.Name, source.Title, DownloadView.Size(source.Size), string.Join(" ", source.Lessons), source.License, Here(source) }
                    .Select(Markup.Escape).ToArray());
            AnsiConsole.Write(table);
            Console.WriteLine($"They are kept in {DownloadOptions.FromEnvironment().Cache}; ./course data fetch NAME fetches one.");
            Console.WriteLine();
            ListPackages();
            return 0;
        });
        return command;
    }

    // In lines: a package's name and a hash leave no room for columns.
    private static void ListPackages()
    {
        Console.WriteLine($"These came with packages of the build, and lie in {PackagedWeights.Folder}:");
        foreach (var weights in PackagedWeights.All())
        {
            Console.WriteLine($"{weights.Name}: {weights.Title}, for lessons {string.Join(" ", weights.Lessons)}; here: {Here(weights)}");
            Console.WriteLine($"  package {weights.Package} {weights.Version}, license {weights.License}");
            foreach (var file in weights.Files)
                Console.WriteLine($"  {file.File}, {DownloadView.Size(file.Size)}, sha256 {file.Sha256}");
        }
    }

    private static string Here(PackagedWeights weights) =>
        weights.Files.All(file => File.Exists(Path.Combine(PackagedWeights.Folder, file.File))) ? "yes" : "no: build again";

    private static Command Fetch()
    {
        var names = new Argument<string[]>("names") { Description = "Names that ./course data list shows.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("fetch", "Fetches weights or data sets into the cache; what was begun goes on where "
            + "it stopped.") { names };
        command.SetAction(async (parsed, cancel) =>
        {
            // All names are looked up before the first gigabyte is fetched.
            foreach (var source in parsed.GetRequiredValue(names).Distinct().Select(Sources.Find).ToList())
            {
                var path = await DownloadView.ShowAsync(
                    AnsiConsole.Console, source, progress => Downloads.FetchAsync(source, progress, cancel));
                Console.WriteLine($"{source.Name} is in {path}");
                Console.WriteLine($"License: {source.License}");
                if (source.Note is not null) Console.WriteLine(source.Note);
            }
            return 0;
        });
        return command;
    }

    private static Command Verify()
    {
        var names = new Argument<string[]>("names") { Description = "Names that ./course data list shows; none checks "
            + "everything that is here.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("verify", "Computes the hash of every file in the cache and compares it with the "
            + "published one.") { names };
        command.SetAction(parsed =>
        {
            var wanted = parsed.GetValue(names) ?? [];
            var right = true;
            foreach (var weights in PackagedWeights.All().Where(weights => wanted.Length == 0 || wanted.Contains(weights.Name)))
                foreach (var (file, problem) in weights.Verify())
                {
                    right &= problem is null;
                    Console.WriteLine($"{weights.Name}/{file.File}: {(problem is null ? "good" : $"bad ({problem})")}");
                }
            foreach (var source in wanted.Length == 0 ? Sources.Load()
                : [.. wanted.Distinct().Where(name => PackagedWeights.All().All(weights => weights.Name != name)).Select(Sources.Find)])
                foreach (var file in Downloads.Verify(source))
                {
                    // What is not here is only worth a line, and a failure, when it was asked for.
                    if (file.State == CacheState.Missing && wanted.Length == 0) continue;
                    right &= file.State == CacheState.Good;
                    Console.WriteLine($"{source.Name}/{file.File.File}: {file.State.ToString().ToLowerInvariant()}{(file.Problem is null ? "" : $" ({file.Problem})")}");
                }
            return right ? 0 : 1;
        });
        return command;
    }

    private static string Here(Source source)
    {
        var files = Downloads.Look(source);
        var good = files.Count(file => file.State == CacheState.Good);
        return files.Any(file => file.State == CacheState.Bad) ? "bad: put aside" : good == files.Count ? "yes" : good == 0 ? "no" : $"{good} of {files.Count} files";
    }
}
