using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Runtime;

namespace ImageGen.Course.Publishing;

/// <summary>
/// The picture at a lesson's top and in the README is one that the lesson made: a cell whose metadata say
/// <c>"gallery": "NAME.png"</c>, or <c>.jpg</c>, gives its last picture to that file in docs/gallery.
/// </summary>
public static class GalleryPictures
{
    /// <summary>Writes the gallery's pictures of an executed notebook.</summary>
    /// <exception cref="CourseException">A cell is meant for the gallery and shows no picture.</exception>
    public static void Write(Notebook notebook, string root)
    {
        foreach (var cell in notebook.Cells)
        {
            if ((string?)cell.Metadata["gallery"] is not { } name) continue;
            var picture = cell.Outputs.OfType<JsonObject>().Select(output => output["data"]?["image/png"])
                .LastOrDefault(data => data is not null)
                ?? throw new CourseException($"The cell for the gallery's {name} shows no picture; end it with one, "
                    + $"or take the entry out of its metadata.");
            var path = Path.Combine(root, "docs", "gallery", Path.GetFileName(name));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var png = Convert.FromBase64String(NotebookCell.Text(picture).ReplaceLineEndings(""));
            File.WriteAllBytes(path + ".part", Path.GetExtension(path) == ".jpg" ? PhotographOutputs.ToJpeg(png) ?? png : png);
            File.Move(path + ".part", path, overwrite: true);
        }
    }
}
