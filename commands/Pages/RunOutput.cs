using ImageGen.Course.Running;
using ImageGen.Runtime;

namespace ImageGen.Course.Pages;

/// <summary>The folder that a run writes to: executed notebooks, their pages and an index.</summary>
public sealed class RunOutput
{
    private readonly string folder;

    /// <summary>Makes the folder.</summary>
    /// <exception cref="CourseException">Nothing can be written there.</exception>
    public RunOutput(string folder)
    {
        this.folder = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(this.folder);
            var trial = Path.Combine(this.folder, $".trial-{Guid.NewGuid():N}");
            File.WriteAllText(trial, "");
            File.Delete(trial);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"Nothing can be written to the output folder {this.folder}: choose another "
                + $"with --output.", error);
        }
    }

    /// <summary>The page that leads to all others.</summary>
    public string Index => Path.Combine(folder, "index.html");

    /// <summary>Writes a lesson's notebook and page, and renews the index.</summary>
    public void Write(LessonResult result)
    {
        if (result.Notebook is null) return;
        var place =
            Directory.CreateDirectory(result.Lesson.IsSolution ? Path.Combine(folder, "solutions") : folder).FullName;
        result.Notebook.Write(Path.Combine(place, result.Lesson.Name + ".ipynb"));
        WriteWhole(
            Path.Combine(place, result.Lesson.Name + ".html"),
            LessonPage.ToHtml(result.Lesson, result.Notebook, place));
        WriteWhole(Index, IndexPage.ToHtml(folder));
    }

    private static void WriteWhole(string path, string text)
    {
        File.WriteAllText(path + ".part", text);
        File.Move(path + ".part", path, overwrite: true);
    }
}
