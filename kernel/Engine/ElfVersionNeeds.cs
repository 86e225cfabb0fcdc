using System;
using System.IO;
using System.Text;

namespace ImageGen.Kernel.Engine;

/// <summary>
/// Marks one needed symbol version of a Linux library as weak, so that the loader accepts a system that lacks it.
/// </summary>
/// <remarks>
/// <para>
/// TorchSharp's <c>libLibTorchSharp.so</c> needs <c>GLIBCXX_3.4.32</c> (GCC 13) for a single symbol,
/// <c>_ZSt21ios_base_library_initv</c>: a marker that <c>&lt;iostream&gt;</c> plants at link time and nothing calls.
/// With <c>VER_FLG_WEAK</c> set on that entry, Debian 12 and Ubuntu 22.04 load the library.
/// </para>
/// <para>
/// The build compiles this one file into a task of its own (see Directory.Build.targets), so it keeps to what every
/// .NET has. The layout read here is the ELF-64 little-endian one: System V ABI, and "Symbol Versioning" in the
/// Linux Standard Base.
/// </para>
/// </remarks>
public static class ElfVersionNeeds
{
    private const int SectionTypeVersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort FlagWeak = 0x2;                    // VER_FLG_WEAK
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;

    /// <summary>
    /// Sets the weak flag on every need of <paramref name="version"/>; all other bytes stay as they are.
    /// </summary>
    /// <param name="elf">A whole ELF-64 little-endian file.</param>
    /// <param name="version">The version's name, for example <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>
    /// A changed copy, or <paramref name="elf"/> itself when it has no such need or it is weak already.
    /// </returns>
    /// <exception cref="InvalidDataException">The bytes are not such a file, or it ends too early.</exception>
    public static byte[] Weaken(byte[] elf, string version)
    {
        try { return WeakenAll(elf, version); }
        catch (OverflowException) { throw new InvalidDataException("the ELF file is damaged: one of its offsets is "
            + "larger than any file"); }
    }

    private static byte[] WeakenAll(byte[] elf, string version)
    {
        if (elf.Length < HeaderSize || elf[0] != 0x7f || elf[1] != 'E' || elf[2] != 'L' || elf[3] != 'F')
            throw new InvalidDataException("not an ELF file: the four bytes 7F 'ELF' are missing at its start");
        if (elf[4] != 2 || elf[5] != 1)
            throw new InvalidDataException("not a 64-bit little-endian ELF file");

        var sections = ReadOffset(elf, 40);
        int sectionSize = ReadUInt16(elf, 58), sectionCount = ReadUInt16(elf, 60);
        if (sectionCount > 0 && sectionSize != SectionHeaderSize)
            throw new InvalidDataException($"the ELF file's section headers have {sectionSize} bytes, not "
                + $"{SectionHeaderSize}");

        var changed = elf;
        for (var i = 0; i < sectionCount; i++)
        {
            var section = checked(sections + i * SectionHeaderSize);
            Require(elf, section, SectionHeaderSize);
            if (ReadInt32(elf, section + 4) != SectionTypeVersionNeeds) continue;
            var names = ReadOffset(elf, checked(sections + ReadInt32(elf, section + 40) * SectionHeaderSize) + 24);
            changed = WeakenSection(
                elf, changed, ReadOffset(elf, section + 24), ReadInt32(elf, section + 44), names, version);
        }
        return changed;
    }

    // .gnu.version_r is a list of files needed (verneed), each with a list of versions needed from it (vernaux).
    private static byte[] WeakenSection(byte[] elf, byte[] changed, int need, int needCount, int names, string version)
    {
        for (var i = 0; i < needCount; i++)
        {
            int auxCount = ReadUInt16(elf, need + 2), aux = checked(need + ReadInt32(elf, need + 8));
            for (var j = 0; j < auxCount; j++)
            {
                var flags = ReadUInt16(elf, aux + 4);
                if ((flags & FlagWeak) == 0 && NameIs(elf, checked(names + ReadInt32(elf, aux + 8)), version))
                {
                    if (ReferenceEquals(changed, elf)) changed = (byte[])elf.Clone();
                    changed[aux + 4] |= (byte)FlagWeak;
                }
                if (!Advance(elf, ref aux)) break;
            }
            if (!Advance(elf, ref need)) break;
        }
        return changed;
    }

    // Both kinds of entry end in the distance to the next one; 0 marks the last.
    private static bool Advance(byte[] elf, ref int entry)
    {
        var distance = ReadInt32(elf, checked(entry + 12));
        if (distance < 0)
            throw new InvalidDataException("the ELF file is damaged: its list of needed versions leads backwards");
        entry = checked(entry + distance);
        return distance > 0;
    }

    private static bool NameIs(byte[] elf, int at, string name)
    {
        var bytes = Encoding.ASCII.GetBytes(name + "\0");
        Require(elf, at, 1);
        if (at + bytes.Length > elf.Length) return false;
        for (var i = 0; i < bytes.Length; i++)
            if (elf[at + i] != bytes[i]) return false;
        return true;
    }

    private static int ReadOffset(byte[] elf, int at)
    {
        Require(elf, at, 8);
        var value = BitConverter.ToUInt64(elf, at);
        if (value > (ulong)elf.Length)
            throw new InvalidDataException($"the ELF file is truncated: it points to byte {value} and has "
                + $"{elf.Length}");
        return (int)value;
    }

    private static int ReadInt32(byte[] elf, int at) { Require(elf, at, 4); return BitConverter.ToInt32(elf, at); }

    private static ushort ReadUInt16(byte[] elf, int at) { Require(elf, at, 2); return BitConverter.ToUInt16(elf, at); }

    private static void Require(byte[] elf, int at, int count)
    {
        if (at < 0 || at > elf.Length - count)
            throw new InvalidDataException($"the ELF file is truncated: it needs {count} bytes at {at} and has "
                + $"{elf.Length}");
    }
}

#if !NET
/// <summary>The build's task: writes the weakened copy, and only when it is missing or older than its source.</summary>
public sealed class WeakenElfVersion : Microsoft.Build.Utilities.Task
{
    public string Source { get; set; }
    public string Destination { get; set; }
    public string Version { get; set; }

    public override bool Execute()
    {
        try
        {
            if (File.Exists(Destination) && File.GetLastWriteTimeUtc(Destination) == File.GetLastWriteTimeUtc(Source))
                return true;
            Directory.CreateDirectory(Path.GetDirectoryName(Destination));
            // A new file, moved into place: an old one may be shared with an output by a hard link.
            var part = Destination + ".part";
            File.WriteAllBytes(part, ElfVersionNeeds.Weaken(File.ReadAllBytes(Source), Version));
            File.SetLastWriteTimeUtc(part, File.GetLastWriteTimeUtc(Source));
            File.Delete(Destination);
            File.Move(part, Destination);
            return true;
        }
        catch (Exception error) when (
            error is IOException || error is InvalidDataException || error is UnauthorizedAccessException)
        {
            Log.LogError($"{Source} could not be made compatible with this system: {error.Message}");
            return false;
        }
    }
}
#endif
