using System.Text;
using ImageGen.Kernel.Engine;

namespace ImageGen.Tests.Kernel;

/// <summary>The edit of libLibTorchSharp.so, on files built here byte by byte and on the real library.</summary>
public sealed class ElfVersionNeedsTests
{
    private const string Version = "GLIBCXX_3.4.32";

    // Where TinyElf puts the flags (vna_flags) of its entries; see there.
    private const int OtherFlags = 0x80 + 16 + 4, WantedFlags = 0x80 + 32 + 4, SecondFileFlags = 0x80 + 64 + 4;

    [Fact]
    public void Only_the_weak_bit_of_the_right_entry_changes()
    {
        var elf = TinyElf("GLIBCXX_3.4.21", Version, "GLIBC_2.34");
        var weak = ElfVersionNeeds.Weaken(elf, Version);
        var expected = (byte[])elf.Clone();
        expected[WantedFlags] = 2;
        Assert.Equal(expected, weak);
        Assert.Equal(0, elf[WantedFlags]); // the bytes given stay as they were
    }

    [Fact]
    public void A_version_needed_from_two_files_is_weak_in_both()
    {
        var elf = TinyElf("GLIBC_2.34", Version, Version);
        var weak = ElfVersionNeeds.Weaken(elf, Version);
        Assert.Equal([WantedFlags, SecondFileFlags], Differences(elf, weak));
    }

    [Fact]
    public void A_longer_name_with_the_same_start_is_another_version()
    {
        var elf = TinyElf("GLIBCXX_3.4.321", "GLIBCXX_3.4.3", "XGLIBCXX_3.4.32");
        Assert.Same(elf, ElfVersionNeeds.Weaken(elf, Version));
    }

    [Fact]
    public void A_file_that_needs_nothing_of_it_comes_back_itself()
    {
        var elf = TinyElf("GLIBC_2.4", "GLIBC_2.14", "GLIBC_2.34");
        Assert.Same(elf, ElfVersionNeeds.Weaken(elf, Version));
        Assert.Same(elf, ElfVersionNeeds.Weaken(elf, ""));
    }

    [Fact]
    public void An_entry_that_is_weak_already_comes_back_itself()
    {
        var weak = ElfVersionNeeds.Weaken(TinyElf("A", Version, "B"), Version);
        Assert.Same(weak, ElfVersionNeeds.Weaken(weak, Version));
    }

    [Fact]
    public void Other_flags_of_the_entry_stay()
    {
        var elf = TinyElf("A", Version, "B");
        elf[WantedFlags] = 1; // VER_FLG_BASE
        elf[OtherFlags] = 1;
        var weak = ElfVersionNeeds.Weaken(elf, Version);
        Assert.Equal(3, weak[WantedFlags]);
        Assert.Equal(1, weak[OtherFlags]);
    }

    [Fact]
    public void A_file_cut_anywhere_is_a_clear_error()
    {
        var elf = TinyElf("GLIBCXX_3.4.21", Version, "GLIBC_2.34");
        for (var length = 0; length < elf.Length; length++)
        {
            // Section headers come last, so that every cut loses something that is needed.
            var error = Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.Weaken(elf[..length], Version));
            Assert.Contains(length < 64 ? "ELF" : "truncated", error.Message);
        }
    }

    [Fact]
    public void Wild_offsets_and_sizes_never_escape_as_anything_but_the_clear_error()
    {
        var random = new Random(1);
        var wild = new byte[][] { [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0x80], [0xf0, 0xff, 0xff, 0xff] };
        for (var trial = 0; trial < 4000; trial++)
        {
            var elf = TinyElf("GLIBCXX_3.4.21", Version, "GLIBC_2.34");
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var bytes = wild[random.Next(wild.Length)];
                bytes.CopyTo(elf, random.Next(16, elf.Length - bytes.Length));
            }
            try { ElfVersionNeeds.Weaken(elf, Version); }
            catch (InvalidDataException) { }
        }
    }

    [Theory]
    [InlineData(0, 'P', "not an ELF file")]
    [InlineData(4, '\u0001', "not a 64-bit")]
    [InlineData(5, '\u0002', "little-endian")]
    public void Another_kind_of_file_is_named_as_such(int at, char value, string message)
    {
        var elf = TinyElf("A", Version, "B");
        elf[at] = (byte)value;
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.Weaken(elf, Version)).Message);
    }

    [Fact]
    public void The_library_in_the_output_is_the_packages_with_one_bit_set()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has such a library.");
        var built = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"));
        Assert.Same(built, ElfVersionNeeds.Weaken(built, Version));

        var package = Path.Combine(Kernel.PackageCache.Folder, "torchsharp");
        var version = typeof(TorchSharp.torch).Assembly.GetName().Version!.ToString(3);
        var original = File.ReadAllBytes(Path.Combine(package, version, "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));
        var at = Assert.Single(Differences(original, built));
        Assert.Equal(0, original[at]);
        Assert.Equal(2, built[at]);
        Assert.Equal(built, ElfVersionNeeds.Weaken(original, Version));
    }

    private static int[] Differences(byte[] a, byte[] b)
    {
        Assert.Equal(a.Length, b.Length);
        return [.. Enumerable.Range(0, a.Length).Where(i => a[i] != b[i])];
    }

    // header (64) · names at 0x40 (64) · verneed at 0x80: file 1 with two versions, file 2 with one · 3 section headers.
    // Written from the System V ABI and the Linux Standard Base, not from the code under test.
    private static byte[] TinyElf(string first, string second, string third)
    {
        const int names = 0x40, needs = 0x80, sections = needs + 80;
        var elf = new byte[sections + 3 * 64];
        using var file = new BinaryWriter(new MemoryStream(elf));
        file.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]);
        At(16); file.Write((ushort)3); file.Write((ushort)62); file.Write(1);       // shared object, x86-64
        At(40); file.Write((ulong)sections);                                       // e_shoff
        At(52); file.Write((ushort)64); At(58); file.Write((ushort)64); file.Write((ushort)3); // e_ehsize, e_shentsize, e_shnum

        At(names + 1);
        var places = new[] { first, second, third }.Select(name =>
        {
            var at = (int)file.BaseStream.Position - names;
            file.Write(Encoding.ASCII.GetBytes(name + "\0"));
            return at;
        }).ToArray();

        At(needs); Need(count: 2, aux: 16, next: 48);
        At(needs + 16); Aux(places[0], next: 16);
        At(needs + 32); Aux(places[1], next: 0);
        At(needs + 48); Need(count: 1, aux: 16, next: 0);
        At(needs + 64); Aux(places[2], next: 0);

        Section(1, type: 3, names, 64, link: 0, info: 0);                           // SHT_STRTAB
        Section(2, type: 0x6ffffffe, needs, 80, link: 1, info: 2);                  // SHT_GNU_verneed
        return elf;

        void At(int place) => file.BaseStream.Position = place;
        void Need(ushort count, int aux, int next) { file.Write((ushort)1); file.Write(count); file.Write(1); file.Write(aux); file.Write(next); }
        void Aux(int name, int next) { file.Write(0x1234); file.Write((ushort)0); file.Write((ushort)2); file.Write(name); file.Write(next); }
        void Section(int index, uint type, long offset, long size, int link, int info)
        {
            At(sections + index * 64 + 4); file.Write(type);
            At(sections + index * 64 + 24); file.Write(offset); file.Write(size); file.Write(link); file.Write(info);
        }
    }
}
