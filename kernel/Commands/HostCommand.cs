using System.CommandLine;
using ImageGen.Kernel.Running;

namespace ImageGen.Kernel.Commands;

/// <summary>The process of one lesson, started by the runner.</summary>
internal static class HostCommand
{
    public static Command Create()
    {
        var pipe = new Argument<string>("pipe");
        var command = new Command("host", "Runs the cells of one notebook, for the runner.") { pipe };
        command.Hidden = true;
        command.SetAction(parsed => EngineHost.RunAsync(parsed.GetRequiredValue(pipe)));
        return command;
    }
}
