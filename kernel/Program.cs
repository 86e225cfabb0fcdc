using ImageGen.Kernel.Commands;
using ImageGen.Kernel.Jupyter;

// A student waits for a notebook's kernel: it starts without the machinery of the commands.
return args is ["kernel", "start", var connectionFile] ? await KernelProcess.RunAsync(connectionFile) : await CourseCommands.RunAsync(args);
