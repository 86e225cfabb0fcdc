using System.Runtime.InteropServices;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class ArithmeticTests
{
    private sealed class FakeOneDnn(bool canMend = true, bool canSwitch = true) : IOneDnn
    {
        public List<string> Calls { get; } = [];

        public void SilenceNnpack() => Calls.Add("silence");

        public bool MendCaches()
        {
            Calls.Add("mend");
            return canMend;
        }

        public bool SwitchOff()
        {
            Calls.Add("off");
            return canSwitch;
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" AUTO ")]
    public void AHealthyMachineIsLeftAsItIs(string? setting)
    {
        var oneDnn = new FakeOneDnn();
        Assert.Equal(OneDnnState.Right, Arithmetic.Settle(setting, oneDnn, _ => null));
        Assert.Equal(["silence"], oneDnn.Calls);
    }

    [Theory]
    [InlineData(1, true, OneDnnState.Mended, "silence mend")]
    [InlineData(2, true, OneDnnState.Off, "silence mend off")]
    [InlineData(2, false, OneDnnState.Off, "silence mend off")] // the record of the caches is not found: another build, another system
    public void WhatIsWrongIsMendedAndElseSwitchedOff(int rightFrom, bool canMend, OneDnnState expected, string calls)
    {
        var oneDnn = new FakeOneDnn(canMend);
        Assert.Equal(expected, Arithmetic.Settle(null, oneDnn, round => round < rightFrom ? "wrong" : null));
        Assert.Equal(calls.Split(' '), oneDnn.Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // the switch is missing: a renamed library
    public void WhereNothingHelpsNothingComputes(bool canSwitch)
    {
        var error = Assert.Throws<CourseException>(() => Arithmetic.Settle(null, new FakeOneDnn(canSwitch: canSwitch), _ => "1 is 2"));
        Assert.Contains("1 is 2", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void TheSettingOverrides()
    {
        Assert.Equal(OneDnnState.AsIs, Arithmetic.Settle("as-is", new FakeOneDnn(), _ => throw new InvalidOperationException("was asked")));
        Assert.Equal(OneDnnState.Off, Arithmetic.Settle("off", new FakeOneDnn(), _ => null));
        Assert.Contains("no switch", Assert.Throws<CourseException>(() => Arithmetic.Settle("off", new FakeOneDnn(canSwitch: false), _ => null)).Message);
        var error = Assert.Throws<CourseException>(() => Arithmetic.Settle("nonsense", new FakeOneDnn(), _ => null));
        Assert.Equal("IMAGEGEN_ONEDNN='nonsense' is not a setting: it takes auto, off or as-is.", error.Message);
    }

    [Fact]
    public void TheProbeFindsNothingHereInAnyRound()
    {
        for (var round = 0; round < 6; round++) Assert.Null(ConvolutionProbe.FindFault(round));
    }

    [Fact]
    public void TheProbeLeavesTheRandomNumbersAndTheGradientsAlone()
    {
        manual_seed(5);
        using var expected = rand(3);
        manual_seed(5);
        using (no_grad())
        {
            Assert.Null(ConvolutionProbe.FindFault(0));
            Assert.False(is_grad_enabled());
        }
        using var after = rand(3);
        Assert.Equal(expected.data<float>().ToArray(), after.data<float>().ToArray());
    }

    [Fact]
    public void ItIsSaidWhatWasFound()
    {
        Assert.Contains(Arithmetic.Describe(), Compute.Describe());
        Assert.Contains(Processor.Name, Compute.Describe());
        Assert.Contains("libtorch 2.", Compute.Describe());
    }

    [Fact]
    public void ASymbolOfALibraryIsFoundWhereTheLinkerPutIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The table of symbols is that of Linux.");
        var library = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        // An exported function stands in both tables: the loader says where it is, and a second one how far apart they are.
        var handle = NativeLibrary.Load(library);
        var (ones, zeros) = (Export("THSTensor_ones"), Export("THSTensor_zeros"));
        var found = ElfSymbols.Find(library, "THSTensor_ones", "THSTensor_zeros", "no_such_symbol");
        Assert.NotEqual(0, found[0]);
        Assert.Equal(zeros - ones, found[1] - found[0]);
        Assert.Equal(0, found[2]);

        nint Export(string name) => NativeLibrary.GetExport(handle, name);
    }

    [Fact]
    public void AFileThatIsNoLibraryHasNoSymbols()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "x.so");
        Assert.Equal([0], ElfSymbols.Find(file, "name"));
        byte[] whole = File.ReadAllBytes(typeof(torch).Assembly.Location);
        var bytes = new byte[4096];
        foreach (var length in new[] { 0, 1, 63, 64, 100, 4096 })
        {
            whole.AsSpan(0, length).CopyTo(bytes);
            "\u007fELF\u0002\u0001"u8.CopyTo(bytes); // and then nonsense: offsets beyond any file
            File.WriteAllBytes(file, bytes[..length]);
            Assert.Equal([0], ElfSymbols.Find(file, "name"));
        }
    }
}
