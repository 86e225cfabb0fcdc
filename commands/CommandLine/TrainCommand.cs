using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ImageGen.Course.Recipes;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Weights;
using TorchSharp;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course train NAME [--steps N] [--seed N] [--resume] [--output DIR]</c></summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = $"Which checkpoint: "
            + $"{string.Join(", ", CourseRecipes.All.Select(recipe => recipe.Name))}." };
        var steps = new Option<int?>("--steps") { Description = "Steps in all; as many as the shipped checkpoint took "
            + "when left out." };
        var seed = new Option<int>("--seed") { Description = "The seed of its random numbers.", DefaultValueFactory = _ => Seeds.Default };
        var resume = new Option<bool>("--resume") { Description = "Go on where the last training of this name "
            + "stopped." };
        var output = new Option<string?>("--output") { Description = "The folder for the checkpoint; data/checkpoints "
            + "when left out." };
        var grade = new Option<bool>("--grade") { Description = "Train nothing: measure the shipped checkpoint again, "
            + "beside the figures of its record." };
        var command = new Command("train", "Trains one of the course's checkpoints, and writes it with its "
            + "provenance.") { name, steps, seed, resume, output, grade };
        command.SetAction((parsed, cancel) => Task.Run(() =>
        {
            var recipe = CourseRecipes.Find(parsed.GetValue(name)!);
            if (parsed.GetValue(grade)) return Grade(recipe);
            if (parsed.GetValue(steps) is < 1)
                throw new CourseException($"--steps is {parsed.GetValue(steps)}: it must be at least 1.");
            var folder = Path.Combine(Folders.Root, "out", "train", recipe.Name);
            Directory.CreateDirectory(folder);
            var run = new RecipeRun(
                parsed.GetValue(steps) ?? recipe.Steps, parsed.GetValue(seed), folder, parsed.GetValue(resume),
                new TrainingLines(folder), cancel);
            if (run.Resume && !File.Exists(run.StateFile))
                throw new CourseException($"There is no training of '{recipe.Name}' to go on with: {run.StateFile} "
                    + $"does not exist. Start without --resume.");
            using var told = cancel.Register(() => Console.Error.WriteLine("course: stopping after this step …"));
            return Train(recipe, run, parsed.GetValue(output) ?? Checkpoints.Folder);
        }, cancel));
        return command;
    }

    private static int Grade(Recipe recipe)
    {
        Console.WriteLine($"{recipe.Name} on {Compute.Describe()}");
        var recorded = Provenance.Read(Path.Combine(Checkpoints.Folder, recipe.Name + ".json")).Metrics;
        foreach (var (what, now) in recipe.Grade())
            Console.WriteLine(FormattableString.Invariant(
                $"  {what}: {now:0.####}{(recorded.TryGetValue(what, out var before) ? $" ({before:0.####} in its record)" : "")}"));
        return 0;
    }

    /// <summary>Trains, and writes the checkpoint and its provenance into a folder.</summary>
    /// <returns>0, or 130 when it was stopped before its last step: the state is kept then, and nothing else.</returns>
    internal static int Train(Recipe recipe, RecipeRun run, string output)
    {
        Console.WriteLine($"{recipe.Name}: {recipe.About} {run.Steps} steps on {recipe.Data}; its state is kept in "
            + $"{Path.GetRelativePath(Environment.CurrentDirectory, run.Folder)}.");
        Seeds.Set(run.Seed);
        var result = recipe.Train(run);
        if (run.Cancellation.IsCancellationRequested && result.Steps < run.Steps)
        {
            Console.Error.WriteLine($"course: stopped after {result.Steps} of {run.Steps} steps. Go on with ./course "
                + $"train {recipe.Name} --resume.");
            return 130;
        }
        Directory.CreateDirectory(output);
        var file = Path.Combine(output, recipe.Name + ".safetensors");
        SafeTensors.Save(file, result.Tensors, torch.ScalarType.Float16, result.Notes);
        foreach (var tensor in result.Tensors.Values) tensor.Dispose();
        using var stream = File.OpenRead(file);
        new Provenance
        {
            Name = recipe.Name, About = recipe.About, Data = recipe.Data,
            Command = $"./course train {recipe.Name} --steps {result.Steps} --seed {run.Seed}",
            Commit = SourceCommit.Describe(), Seed = run.Seed, Steps = result.Steps, Seconds = Math.Round(
                result.Elapsed.TotalSeconds),
            Hardware = $"{Compute.Describe()}, {RuntimeInformation.OSArchitecture}",
            Metrics = result.Metrics.ToDictionary(pair => pair.Key, pair => Math.Round(pair.Value, 4)),
            Bytes = stream.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(stream)),
        }.Write(Path.ChangeExtension(file, ".json"));
        foreach (var (what, value) in result.Metrics) Console.WriteLine($"  {what}: {value:0.####}");
        Console.WriteLine($"{Path.GetRelativePath(Environment.CurrentDirectory, file)}: {stream.Length / 1e6:0.0} MB");
        return 0;
    }
}
