using System.Buffers.Binary;
using System.Text;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Tests;

/// <summary>Pickles made by hand that no PyTorch would write.</summary>
public class HostilePickleTests
{
    [Theory]
    [InlineData(6, 0, "2,3", "3,1", null)]
    [InlineData(6, 1, "5", "1", null)]
    [InlineData(6, 0, "2,4", "4,1", "reaches past the 6 elements")]
    [InlineData(6, 1, "2,3", "3,1", "reaches past")]
    [InlineData(6, -1, "2", "1", "impossible shape")]
    [InlineData(6, 0, "-2,3", "3,1", "impossible shape")]
    [InlineData(6, 0, "4294967296,4294967296", "1,1", "impossible shape")]
    [InlineData(6, 0, "2,3", "9223372036854775807,9223372036854775807", "reaches past")]
    [InlineData(6, 9223372036854775807, "2", "1", "reaches past")]
    [InlineData(6, 0, "2,3", "-3,1", "reaches past")]
    [InlineData(6, 0, "1000000", "0", null)]
    [InlineData(6, 0, "16777217", "0", "over only 6 elements")]
    [InlineData(6, 0, "10000000000,1000000", "0,0", "over only 6 elements")]
    [InlineData(6, 0, "2,3", "1", "does not use")]
    public void ATensorMustLieInItsStorage(long stored, long offset, string sizes, string strides, string? expected)
    {
        var bytes = Legacy(Tensor("0", stored, offset, Parse(sizes), Parse(strides)), ["0"], [(stored, 4)]);
        if (expected is not null)
        {
            Assert.Contains(expected, WeightFixtures.Refusal(bytes));
            return;
        }
        using var folder = new TemporaryFolder();
        using var file = WeightFile.Open(folder.Write("good.pth", bytes));
        Assert.Equal(Parse(sizes), file["w"].Shape);
        Assert.Equal((int)file["w"].Count, file.Values("w").Length);
    }

    [Fact]
    public void AStorageMustBeThereAndAsLongAsItIsSaidToBe()
    {
        var tensor = Tensor("0", 6, 0, [6], [1]);
        Assert.Contains("is not in the file", WeightFixtures.Refusal(Legacy(tensor, [], [])));
        Assert.Contains("names '1', which no tensor uses", WeightFixtures.Refusal(Legacy(tensor, ["1"], [(6, 4)])));
        Assert.Contains("names '0' twice", WeightFixtures.Refusal(Legacy(tensor, ["0", "0"], [(6, 4), (6, 4)])));
        Assert.Contains("has 5 elements where its tensors expect 6", WeightFixtures.Refusal(Legacy(tensor, ["0"], [(5, 4)])));
        Assert.Contains("cut short", WeightFixtures.Refusal(Legacy(tensor, ["0"], [(6, 3)])));
        Assert.Contains("cut short", WeightFixtures.Refusal(Legacy(tensor, ["0"], [])));
        var huge = Tensor("0", 1L << 60, 0, [1L << 60], [1]);
        Assert.Contains("cut short", WeightFixtures.Refusal(Legacy(huge, ["0"], [(1L << 60, 0)])));
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "getattr")]
    [InlineData("torch", "load")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("torch", "hub")]
    [InlineData("numpy", "fromfile")]
    [InlineData("pathlib", "os")]
    public void OnlyTheNamesOfTensorsAreKnown(string module, string name)
    {
        foreach (var call in new[] { $"c{module}\n{name}\n", $"\u008c{(char)module.Length}{module}\u008c{(char)name.Length}{name}\u0093" })
            Assert.Contains($"'{module}.{name}'", WeightFixtures.Refusal(Legacy(Raw($"{call})R."), [], [])));
    }

    [Theory]
    [InlineData("i", "0x69")]              // INST: makes an object of any class
    [InlineData("o", "0x6f")]              // OBJ: the same
    [InlineData("\u0082a", "0x82")]        // EXT1: a name by its number
    [InlineData("\u00ff", "0xff")]
    public void OtherInstructionsAreRefused(string program, string code) =>
        Assert.Contains(code, WeightFixtures.Refusal(Legacy(Raw(program + "."), [], [])));

    [Theory]
    [InlineData("R.")]                     // nothing to call
    [InlineData("NN\u0085R.")]             // a call of None
    [InlineData("h\u0007.")]               // nothing was kept under 7
    [InlineData("t.")]                     // no mark
    [InlineData("(.")]                     // a mark as the answer
    [InlineData("Na.")]                    // append to None
    [InlineData("}(Nu.")]                  // a key without a value
    [InlineData("NNb.")]                   // state for None
    [InlineData("]\u0081.")]               // an object of a list
    [InlineData("cbuiltins\nset\n)\u0081.")]
    [InlineData("NQ.")]                    // a storage that is None
    [InlineData("ccollections\nOrderedDict\nN\u0085R.")]
    [InlineData("ctorch._utils\n_rebuild_tensor\n)R.")]
    public void ProgramsThatMakeNoSenseAreRefused(string program) =>
        Assert.Contains("cannot be read: ", WeightFixtures.Refusal(Legacy(Raw(program), [], [])));

    [Fact]
    public void ASmallFileCannotStandForAGreatDeal()
    {
        // A list of two times the list before it, forty times over: 2^40 values in 200 bytes.
        var doubling = "]N\u0061" + string.Concat(Enumerable.Range(0, 40).Select(i => $"q{(char)i}]h{(char)i}ah{(char)i}a")) + ".";
        Assert.Contains("nested", WeightFixtures.Refusal(Legacy(Raw(doubling), [], [])));
        // Twenty times over: not deep, but still a million values.
        Assert.Contains("values", WeightFixtures.Refusal(Legacy(Raw(doubling[..(3 + 20 * 9)] + "."), [], [])));
        // A list that holds itself.
        Assert.Contains("nested", WeightFixtures.Refusal(Legacy(Raw("]q\0h\0a."), [], [])));
        // A text of two gigabytes.
        Assert.Contains("which no weights file needs", WeightFixtures.Refusal(Legacy(Raw("X\u00ff\u00ff\u00ff\u007f."), [], [])));
    }

    [Fact]
    public void OtherVersionsAndMachinesAreRefused()
    {
        Assert.Contains("another version", WeightFixtures.Refusal([.. Mark, .. Raw("\u0080\u0002K\u0007.")]));
        Assert.Contains("description of the machine", WeightFixtures.Refusal([.. Mark, .. Raw("\u0080\u0002M\u00e9\u0003."), .. Raw("N.")]));
        Assert.Contains("big-endian", WeightFixtures.Refusal([.. Mark, .. Raw("\u0080\u0002M\u00e9\u0003."), .. Raw("}U\u000dlittle_endian\u0089s.")]));
        Assert.Contains("protocol 6", WeightFixtures.Refusal(Raw("\u0080\u0006N.")));
    }

    private static byte[] Mark => [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    private static byte[] Raw(string program) => Encoding.Latin1.GetBytes(program);

    private static long[] Parse(string numbers) => [.. numbers.Split(',').Select(long.Parse)];

    private static byte[] Legacy(byte[] program, string[] keys, (long Count, int Present)[] storages) =>
    [
        .. Mark, .. Raw("\u0080\u0002M\u00e9\u0003."), .. Raw("\u0080\u0002}."), .. program,
        .. Raw("](" + string.Concat(keys.Select(key => $"U{(char)key.Length}{key}")) + "e."),
        .. storages.SelectMany(storage => (byte[])[.. BitConverter.GetBytes(storage.Count), .. new byte[Math.Min(storage.Count, 100) * storage.Present]]),
    ];

    /// <summary>{"w": torch._utils._rebuild_tensor_v2(storage, offset, sizes, strides, False, None)}</summary>
    private static byte[] Tensor(string key, long stored, long offset, long[] sizes, long[] strides) =>
    [
        .. Raw("}U\u0001wctorch._utils\n_rebuild_tensor_v2\n((U\u0007storagectorch\nFloatStorage\n"), .. Raw($"U{(char)key.Length}{key}U\u0003cpu"),
        .. Long(stored), .. Raw("NtQ"), .. Long(offset), (byte)'(', .. sizes.SelectMany(Long), (byte)'t', (byte)'(', .. strides.SelectMany(Long), (byte)'t',
        .. Raw("\u0089NtRs."),
    ];

    private static byte[] Long(long value)
    {
        var bytes = new byte[10];
        (bytes[0], bytes[1]) = (0x8a, 8);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(2), value);
        return bytes;
    }
}
