using System.CommandLine;
using ImageGen.Data;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary>
/// <c>./course data draw [NAME…] [--output DIR]</c>: has data/drawing draw the course's own pictures again.
/// </summary>
internal static class DrawCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("names") { Description = $"Which: {string.Join(", ", CoursePictures.Names.Except(CoursePictures.Photographs))}; all when none is named.", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string?>("--output") { Description = "The folder to draw into; data/pictures when left out." };
        var command = new Command("draw", "Draws the course's own pictures again, at full size.") { names, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var folder = Path.GetFullPath(parsed.GetValue(output) ?? Path.Combine(Folders.Data, "pictures"));
            var project = Path.Combine(Folders.Data, "drawing");
            await ProjectCommand.BuildAsync(project, cancel);
            return await ProjectCommand.RunAsync(
                Path.Combine(project, "bin", "ImageGen.Drawing.dll"), [folder, .. parsed.GetValue(names) ?? []],
                cancel);
        });
        return command;
    }
}
