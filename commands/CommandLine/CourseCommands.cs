using System.CommandLine;
using System.CommandLine.Parsing;
using ImageGen.Course.Running;
using ImageGen.Kernel;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary>
/// The commands of <c>./course</c>. Each is a file of its own in this folder with a <c>Create</c> method, listed here.
/// </summary>
internal static class CourseCommands
{
    /// <summary>Ctrl-C: how long a command may take to stop by itself.</summary>
    private static readonly TimeSpan PatienceForStop = TimeSpan.FromSeconds(15);

    // A step of Stable Diffusion takes a minute on an old laptop; cut off within one, nothing would be saved.
    private static readonly TimeSpan PatienceForStep = TimeSpan.FromMinutes(5);

    /// <summary>For the tests: a course elsewhere than around this program.</summary>
    private static readonly Option<string?> Root = new("--root") { Hidden = true, Recursive = true };

    /// <summary>Runs a command line.</summary>
    /// <returns>
    /// The exit code: 0 when all went well, 1 when not, 2 for a command line that makes no sense, 130 after Ctrl-C.
    /// </returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var kernel = new Command("kernel", "Adds the course's notebook kernel to Jupyter and VS Code, or removes it.");
        foreach (var command in KernelCommand.All()) kernel.Add(command);
        var root = new RootCommand("A course on image generation in C#: .NET notebooks over one TorchSharp library.")
        {
            Root,
            RunCommand.Create(),
            TestCommand.Create(),
            DoctorCommand.Create(),
            PublishCommand.Create(),
            CheckCommand.Create(),
            BenchCommand.Create(),
            LabCommand.Create(),
            SlidesCommand.Create(),
            kernel,
            DataCommand.Create(),
            TrainCommand.Create(),
            FinetuneCommand.Create(),
        };
        var parsed = root.Parse(arguments.Length == 0 ? ["--help"] : arguments);
        if (Misunderstood(parsed) is { } message)
        {
            Console.Error.WriteLine($"course: {message}");
            return 2;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = PatienceFor(parsed.CommandResult.Command) });
        }
        catch (Exception error) when (error is CourseException or NotebookException)
        {
            Console.Error.WriteLine($"course: {error.Message}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("course: stopped.");
            return 130;
        }
        catch (Exception error) when (NativeLibraries.Explain(error) is { } sentence)
        {
            Console.Error.WriteLine($"course: {sentence}");
            return 1;
        }
    }

    private static TimeSpan PatienceFor(Command command) =>
        command.Name is "train" or "finetune" ? PatienceForStep : PatienceForStop;

    // One line for a command line that makes no sense; null when it does.
    private static string? Misunderstood(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (command is RootCommand && parsed.UnmatchedTokens is [var word, ..])
            return $"There is no command '{word}': there are "
                + $"{string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name))}.";
        // An option that a command does not have would otherwise pass for one of its arguments.
        var option = !command.TreatUnmatchedTokensAsErrors ? null
            : parsed.Tokens.FirstOrDefault(
                token => token.Type == TokenType.Argument
                    && token.Value is ['-', '-', _, ..] or ['-', >= 'a' and <= 'z', ..])?.Value;
        if (option is not null) return $"There is no option {option}: ./course {command.Name} --help lists them.";
        return parsed.Errors is [var error, ..]
            ? $"{error.Message.TrimEnd('.')}. See ./course {command.Name} --help."
            : null;
    }

    /// <summary>The lessons of the course that the command line means.</summary>
    public static Lessons LessonsOf(ParseResult parsed) => new(parsed.GetValue(Root) ?? Folders.Root);
}
