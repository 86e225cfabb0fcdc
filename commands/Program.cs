using ImageGen.Course.CommandLine;
using ImageGen.Course.Running;

// A lesson's process is told one thing, by the runner: no command line is taken apart on the way to a cell.
return args is ["host", var pipe] ? await EngineHost.RunAsync(pipe) : await CourseCommands.RunAsync(args);
