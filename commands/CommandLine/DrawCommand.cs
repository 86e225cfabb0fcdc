using System.CommandLine;
using ImageGen.Data;
using ImageGen.Runtime;

namespace ImageGen.Course.CommandLine;

/// <summary><c>./course data draw [NAME…] [--output DIR]</c>: draws the course's own pictures again.</summary>
internal static class DrawCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("names") { Description = $"Which: {string.Join(", ", CoursePictures.Names)}; all when none is named.", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string?>("--output") { Description = "The folder to draw into; data/pictures when left out." };
        var command = new Command("draw", "Draws the course's own pictures again, at full size.") { names, output };
        command.SetAction((parsed, cancel) => Task.Run(() =>
        {
            var folder = parsed.GetValue(output) ?? Path.Combine(Folders.Data, "pictures");
            DrawnPictures.DrawAll(folder, parsed.GetValue(names) ?? [], new Lines(), cancel);
            return 0;
        }, cancel));
        return command;
    }

    private sealed class Lines : IProgress<DrawingProgress>
    {
        public void Report(DrawingProgress done) =>
            Console.WriteLine($"{done.Done}/{done.Total} {done.Picture.Title} ({done.Elapsed.TotalSeconds:0} s): {done.File}");
    }
}
