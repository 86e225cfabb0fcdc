using System.CommandLine;
using System.Diagnostics;
using ImageGen.Course.Notebooks;
using ImageGen.Course.Pages;
using ImageGen.Course.Running;
using ImageGen.Course.Setup;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Course.CommandLine;

/// <summary><c>course slides NN</c>: a lesson as slides (reveal.js, made by nbconvert).</summary>
internal static class SlidesCommand
{
    public static Command Create()
    {
        var lessons = new Argument<string[]>("lesson") { Description = "Numbers or names of lessons; none means all.", Arity = ArgumentArity.ZeroOrMore };
        var output = new Option<string>("--output") { Description = "The folder for the slides.", DefaultValueFactory = _ => Path.Combine(Folders.Root, "out", "slides"), HelpName = "DIR" };
        var slides = new Command("slides", "Makes slides of lessons, with the outputs that their notebooks carry.") { lessons, output };
        slides.SetAction(
            (parsed, stop) => RunAsync(
                CourseCommands.LessonsOf(parsed).Select(parsed.GetValue(lessons) ?? []), parsed.GetValue(output)!,
                stop));
        return slides;
    }

    private static async Task<int> RunAsync(IReadOnlyList<Lesson> lessons, string output, CancellationToken stop)
    {
        var converter = SystemPackages.Ensure(
            () => JupyterPrograms.NbConvert(), "Jupyter's nbconvert", "jupyter-nbconvert");
        output = Directory.CreateDirectory(Path.GetFullPath(output)).FullName;
        var isOffline = true;
        // Slides can do without the libraries: one more try is enough.
        try { await SlideAssets.PlaceAsync(Sources.Find("slides"), output, DownloadOptions.FromEnvironment() with { Retries = 1 }, stop); }
        catch (CourseException error)
        {
            Console.WriteLine($"These slides need a network when they are shown: {error.Message}");
            isOffline = false;
        }
        foreach (var lesson in lessons)
            Console.WriteLine(await ConvertAsync(converter, lesson, output, isOffline, stop));
        return 0;
    }

    private static async Task<string> ConvertAsync(
        string converter, Lesson lesson, string output, bool isOffline, CancellationToken stop)
    {
        var notebook = Notebook.Read(lesson.Path);
        SlideMath.Convert(notebook);
        // Beside the original, whose pictures the text may show.
        var copy = Path.Combine(lesson.Folder, $".{lesson.Name}.{Environment.ProcessId}.slides.ipynb");
        try
        {
            notebook.Write(copy);
            var start = new ProcessStartInfo(converter,
            [
                "--to", "slides", copy, "--output", lesson.Name, "--output-dir", output, "--log-level", "ERROR", "--SlidesExporter.reveal_scroll=True",
                // Debian's nbconvert would name a file of this machine. Only a formula that MathML could not take needs
                // it.
                "--SlidesExporter.mathjax_url=https://cdnjs.cloudflare.com/ajax/libs/mathjax/2.7.7/latest.js",
                "--HTMLExporter.embed_images=True",
                .. isOffline ? LocalLibraries : [],
            ]) { RedirectStandardError = true };
            using var convert = Process.Start(start) ?? throw new CourseException("nbconvert did not start.");
            var errors = await convert.StandardError.ReadToEndAsync(stop);
            await convert.WaitForExitAsync(stop);
            var page = Path.Combine(output, lesson.Name + ".slides.html");
            if (convert.ExitCode != 0 || !File.Exists(page))
                throw new CourseException($"nbconvert could not make slides of {lesson.Name}: "
                    + $"{errors.Trim().Split('\n')[^1]}");
            return page;
        }
        finally { File.Delete(copy); }
    }

    private static readonly string[] LocalLibraries =
    [
        "--SlidesExporter.reveal_url_prefix=reveal.js",
        "--SlidesExporter.jquery_url=jquery/dist/jquery.min.js",
        "--SlidesExporter.require_js_url=requirejs/require.js",
    ];
}
