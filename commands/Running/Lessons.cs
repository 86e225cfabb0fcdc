using System.Globalization;
using ImageGen.Runtime;

namespace ImageGen.Course.Running;

/// <summary>A lesson's notebook, or its solutions.</summary>
/// <param name="Number">NN of its file name.</param>
/// <param name="Path">The notebook.</param>
/// <param name="IsSolution">Whether it lies in notebooks/solutions.</param>
public sealed record Lesson(int Number, string Path, bool IsSolution)
{
    /// <summary>The file's name without its extension, for example <c>03-style-transfer</c>.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>The name among others: <c>03-style-transfer</c> or <c>solutions/03-style-transfer</c>.</summary>
    public string DisplayName => IsSolution ? $"solutions/{Name}" : Name;

    /// <summary>The folder it lies in, which is its working directory.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(Path)!;
}

/// <summary>The lessons of a course, in order.</summary>
public sealed class Lessons
{
    private readonly IReadOnlyList<Lesson> lessons, solutions;

    /// <summary>Finds the notebooks of the course at <paramref name="root"/>.</summary>
    public Lessons(string root)
    {
        Root = root;
        lessons = Find(System.IO.Path.Combine(root, "notebooks"), isSolution: false);
        solutions = Find(System.IO.Path.Combine(root, "notebooks", "solutions"), isSolution: true);
    }

    /// <summary>The repository's root.</summary>
    public string Root { get; }

    /// <summary>Every notebook, lessons first.</summary>
    public IEnumerable<Lesson> All => lessons.Concat(solutions);

    /// <summary>The notebooks that a command line asks for.</summary>
    /// <param name="wanted">Numbers or names; none means all.</param>
    /// <param name="ofSolutions">Of the solutions rather than of the lessons.</param>
    /// <exception cref="CourseException">There is no such lesson.</exception>
    public IReadOnlyList<Lesson> Select(IReadOnlyList<string> wanted, bool ofSolutions = false)
    {
        var all = ofSolutions ? solutions : lessons;
        if (all.Count == 0)
            throw new CourseException($"There are no notebooks in "
                + $"{System.IO.Path.Combine(Root, ofSolutions ? "notebooks/solutions" : "notebooks")}: is this a "
                + $"whole checkout of the course?");
        return wanted.Count == 0 ? all : [.. wanted.SelectMany(One).Distinct().OrderBy(lesson => lesson.Number)];

        IEnumerable<Lesson> One(string name)
        {
            var isNumber = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            var found = all.Where(
                lesson => isNumber
                    ? lesson.Number == number
                    : lesson.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).ToArray();
            return found.Length > 0
                ? found
                : throw new CourseException($"There is no lesson '{name}': there are "
                    + $"{string.Join(", ", all.Select(lesson => lesson.Name))}.");
        }
    }

    private static Lesson[] Find(string folder, bool isSolution) => !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateFiles(folder, "*.ipynb")
            .Select(path => (Path: path, Name: System.IO.Path.GetFileName(path)))
            .Where(
                file => file.Name.Length > 2 && file.Name[2] == '-' && char.IsAsciiDigit(file.Name[0])
                    && char.IsAsciiDigit(file.Name[1]))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(
                file => new Lesson(
                    int.Parse(file.Name.AsSpan(0, 2), CultureInfo.InvariantCulture), file.Path, isSolution))];
}
