using System.CommandLine;
using ImageGen.Kernel.Jupyter;

namespace ImageGen.Kernel;

/// <summary>The kernel among Jupyter's kernels: installed, removed.</summary>
public static class KernelCommand
{
    /// <summary>The commands that add the kernel and remove it.</summary>
    public static IEnumerable<Command> All() => [Install(), Uninstall()];

    private static Command Install()
    {
        var (user, prefix) = (UserOption(), PrefixOption());
        var install = new Command("install", $"Installs the kernel '{KernelSpec.DisplayName}' for Jupyter, VS Code "
            + $"and every other program that runs Jupyter kernels.") { user, prefix };
        install.SetAction(parsed =>
        {
            var (folder, replaced) = KernelSpec.Install(DataFolder(parsed.GetValue(user), parsed.GetValue(prefix)));
            Console.WriteLine($"The kernel {KernelSpec.DisplayName} is installed in {folder}.");
            if (replaced) Console.WriteLine("Another kernel of the same name was set aside; uninstall brings it back.");
            Console.WriteLine($"Jupyter and VS Code list it from their next start. Keep {AppContext.BaseDirectory}: "
                + $"the kernel runs from it.");
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
            Console.WriteLine(
                KernelSpec.Uninstall(data) is { } folder
                    ? $"The kernel was removed from {folder}."
                    : $"The kernel is not installed in {data}.");
        });
        return uninstall;
    }

    private static Option<bool> UserOption() => new("--user") { Description = "For this user (the default)." };

    private static Option<string?> PrefixOption() =>
        new("--prefix") { Description = "For the Python or conda environment in this folder.", HelpName = "DIR" };

    private static string DataFolder(bool user, string? prefix) => (user, prefix) switch
    {
        (true, not null) => throw new NotebookException("--user and --prefix exclude each other: choose one place."),
        (_, { Length: > 0 }) => KernelSpec.PrefixFolder(prefix),
        _ => KernelSpec.UserFolder,
    };
}
