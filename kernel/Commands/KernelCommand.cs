using System.CommandLine;
using ImageGen.Kernel.Jupyter;
using ImageGen.Runtime;

namespace ImageGen.Kernel.Commands;

/// <summary><c>course kernel install|uninstall|start</c>: the notebook kernel among Jupyter's kernels.</summary>
internal static class KernelCommand
{
    public static Command Create() => new("kernel", "Adds the course's notebook kernel to Jupyter and VS Code, or removes it.")
    {
        Install(),
        Uninstall(),
        Start(),
    };

    private static Command Install()
    {
        var (user, prefix) = (UserOption(), PrefixOption());
        var install = new Command("install", $"Installs the kernel '{KernelSpec.DisplayName}' for Jupyter, VS Code and every other program that runs Jupyter kernels.") { user, prefix };
        install.SetAction(parsed =>
        {
            var (folder, replaced) = KernelSpec.Install(DataFolder(parsed.GetValue(user), parsed.GetValue(prefix)));
            Console.WriteLine($"The kernel {KernelSpec.DisplayName} is installed in {folder}.");
            if (replaced) Console.WriteLine("Another kernel of the same name was set aside; course kernel uninstall brings it back.");
            Console.WriteLine("Jupyter and VS Code list it from their next start. Keep this folder of the course: the kernel runs from it.");
        });
        return install;
    }

    private static Command Uninstall()
    {
        var (user, prefix) = (UserOption(), PrefixOption());
        var uninstall = new Command("uninstall", "Removes the kernel again.") { user, prefix };
        uninstall.SetAction(parsed =>
        {
            var data = DataFolder(parsed.GetValue(user), parsed.GetValue(prefix));
            Console.WriteLine(KernelSpec.Uninstall(data) is { } folder ? $"The kernel was removed from {folder}." : $"The course's kernel is not installed in {data}.");
        });
        return uninstall;
    }

    // What Jupyter calls; hidden, because nobody else has a connection file.
    private static Command Start()
    {
        var file = new Argument<string>("connection-file");
        var start = new Command("start", "Serves one notebook.") { file };
        start.Hidden = true;
        start.SetAction((parsed, _) => KernelProcess.RunAsync(parsed.GetValue(file)!));
        return start;
    }

    private static Option<bool> UserOption() => new("--user") { Description = "For this user (the default)." };

    private static Option<string?> PrefixOption() => new("--prefix") { Description = "For the Python or conda environment in this folder.", HelpName = "DIR" };

    private static string DataFolder(bool user, string? prefix) => (user, prefix) switch
    {
        (true, not null) => throw new CourseException("--user and --prefix exclude each other: choose one place."),
        (_, { Length: > 0 }) => KernelSpec.PrefixFolder(prefix),
        _ => KernelSpec.UserFolder,
    };
}
