using System.CommandLine;
using ImageGen.Kernel;
using ImageGen.Kernel.Jupyter;

// Somebody waits for a notebook's kernel: it starts without the machinery of the commands.
if (args is ["start", var connectionFile]) return await KernelProcess.RunAsync(connectionFile);

var root = new RootCommand("A C# kernel for Jupyter notebooks, VS Code and every other program that runs Jupyter's "
    + "kernels.");
foreach (var command in KernelCommand.All()) root.Add(command);
try { return root.Parse(args.Length == 0 ? ["--help"] : args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }); }
catch (NotebookException error)
{
    Console.Error.WriteLine($"csharp-kernel: {error.Message}");
    return 1;
}
