namespace ImageGen.Kernel.Completion;

/// <summary>Places in a cell's text. Jupyter counts Unicode characters, .NET counts UTF-16 units.</summary>
internal static class CellText
{
    /// <summary>The .NET index of a Jupyter position; one outside the text is moved to its nearest end.</summary>
    public static int Index(string code, int position)
    {
        var index = 0;
        for (; position > 0 && index < code.Length; position--) index += char.IsSurrogatePair(code, index) ? 2 : 1;
        return index;
    }

    /// <summary>The Jupyter position of a .NET index.</summary>
    public static int Position(string code, int index)
    {
        var position = 0;
        for (var i = 0; i < index && i < code.Length; position++) i += char.IsSurrogatePair(code, i) ? 2 : 1;
        return position;
    }

    /// <summary>The line up to the cursor.</summary>
    public static string LineBefore(string code, int index) =>
        code[(code.LastIndexOf('\n', Math.Max(0, index - 1), Math.Max(0, index)) + 1)..index];

    /// <summary>
    /// The text with blanks for the lines that are the engine's and not C#'s (<c>#!</c>, <c>#i</c>, <c>#r</c>): every
    /// place stays.
    /// </summary>
    public static string WithoutDirectives(string code) => string.Join('\n', code.Split('\n').Select(line =>
        line.TrimStart() is ['#', '!' or 'i' or 'r', ..] ? new string(' ', line.Length) : line));
}
