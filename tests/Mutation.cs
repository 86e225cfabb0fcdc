namespace ImageGen.Tests;

/// <summary>Damage to a file: bits, bytes, pieces left out, doubled or cut off.</summary>
internal static class Mutation
{
    /// <summary>How many are tried on each format; IMAGEGEN_FUZZ sets it, 100000 for a long run.</summary>
    internal static int Count(int otherwise) => int.TryParse(Environment.GetEnvironmentVariable("IMAGEGEN_FUZZ"), out var count) ? count : otherwise;

    internal static byte[] Of(byte[] original, Random random)
    {
        var bytes = original.ToList();
        // Headers matter most, and stand at the start; a ZIP archive's directory stands at the end.
        int Somewhere() => random.Next(3) switch
        {
            0 => random.Next(Math.Min(bytes.Count, 300)),
            1 => bytes.Count - 1 - random.Next(Math.Min(bytes.Count, 600)),
            _ => random.Next(bytes.Count),
        };
        for (var edits = random.Next(1, 5); edits > 0; edits--)
        {
            var at = Somewhere();
            switch (random.Next(7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] = (byte)(random.Next(2) * 255); break;
                case 3: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at - 1)); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at))); break;
                case 5:
                    for (var i = at; i < Math.Min(at + 8, bytes.Count); i++) bytes[i] = (byte)(random.Next(3) == 0 ? 0x7f : 0xff);
                    break;
                default:
                    if (char.IsAsciiDigit((char)bytes[at])) bytes[at] = (byte)('0' + random.Next(10));
                    else bytes[at]++;
                    break;
            }
        }
        if (random.Next(20) == 0 && random.Next(1, bytes.Count) is var length) bytes.RemoveRange(length, bytes.Count - length);
        return [.. bytes];
    }
}
