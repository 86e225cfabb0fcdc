using ImageGen.Kernel.Commands;

return await CourseCommands.RunAsync(args);
