using System.Text;

namespace ImageGen.Weights;

/// <summary>Reads a stretch of a file forward, a window at a time.</summary>
internal sealed class PickleInput(RawFile file, long start, long end)
{
    // A name, a key or a number's text: nothing in a weights file's pickle is longer.
    private const int LongestText = 1 << 20;
    private const int Window = 1 << 16;

    private byte[] window = [];
    private int next;
    private long windowEnd = start;

    internal RawFile File => file;

    internal long Position => windowEnd - (window.Length - next);

    internal byte Byte()
    {
        if (next == window.Length) Refill();
        return window[next++];
    }

    internal byte[] Bytes(ulong count)
    {
        if (count > LongestText) throw file.Bad($"the pickle at byte {Position} holds {count} bytes in one piece, which no weights file needs");
        if ((long)count > end - Position) throw CutShort();
        var bytes = new byte[count];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = Byte();
        return bytes;
    }

    internal string Text(ulong count)
    {
        var bytes = Bytes(count);
        // Python 2 wrote byte strings where Python 3 writes UTF-8; names are ASCII in both.
        try { return Strict.GetString(bytes); }
        catch (DecoderFallbackException) { return Encoding.Latin1.GetString(bytes); }
    }

    internal string Line()
    {
        var line = new StringBuilder();
        for (var b = Byte(); b != '\n'; b = Byte())
        {
            if (line.Length == 4096) throw file.Bad($"the pickle before byte {Position} has a line of over 4096 characters");
            line.Append((char)b);
        }
        return line.ToString();
    }

    internal ulong Unsigned(int bytes)
    {
        ulong value = 0;
        for (var i = 0; i < bytes; i++) value |= (ulong)Byte() << (8 * i);
        return value;
    }

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private void Refill()
    {
        var count = (int)Math.Min(Window, end - windowEnd);
        if (count <= 0) throw CutShort();
        window = file.Read(windowEnd, count);
        (windowEnd, next) = (windowEnd + count, 0);
    }

    private Exception CutShort() => file.Bad($"the pickle in it ends at byte {end} before it is complete: the file is cut short or damaged");
}
