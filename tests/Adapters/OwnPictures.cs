using ImageGen.Data;

namespace ImageGen.Tests;

/// <summary>A folder such as a student has: a few pictures, and a text file of the same name for each.</summary>
internal static class OwnPictures
{
    internal static void Write(string folder, ICaptionedPictures pictures)
    {
        Directory.CreateDirectory(folder);
        for (var i = 0; i < pictures.Count; i++)
        {
            pictures.Picture(i).Save(Path.Combine(folder, $"{i}.png"));
            File.WriteAllLines(Path.Combine(folder, $"{i}.txt"), pictures.Captions(i).Take(2));
        }
    }
}
