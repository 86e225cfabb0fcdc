using System.IO.MemoryMappedFiles;
using ImageGen.Weights;

namespace ImageGen.Tests;

public class MappedWindowTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 4096)] // across a page's end
    [InlineData(4095, 2)]
    [InlineData(8191, 1809)]
    [InlineData(12345, 7655)] // to the file's last byte
    public void AWindowHoldsTheBytesThatItWasAskedFor(int offset, int count)
    {
        using var folder = new TemporaryFolder();
        var bytes = new byte[20000];
        new Random(3).NextBytes(bytes);
        using var map = MemoryMappedFile.CreateFromFile(folder.Write("bytes.bin", bytes), FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using var window = MappedWindow.Of(map, offset, count);
        Assert.Equal(bytes.AsSpan(offset, count), window!.Bytes);
    }

    // Touching such bytes would end the process. Linux tells beforehand since 5.14.
    [Fact]
    public void BytesThatTheFileHasNoMoreAreNoWindow()
    {
        if (!OperatingSystem.IsLinux() || Environment.OSVersion.Version < new Version(5, 14)) return;
        using var folder = new TemporaryFolder();
        var path = folder.Write("bytes.bin", new byte[20000]);
        using var map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) file.SetLength(5000);
        Assert.Null(MappedWindow.Of(map, 4096, 8192));
        using var stillThere = MappedWindow.Of(map, 0, 5000);
        Assert.Equal(5000, stillThere!.Bytes.Length);
    }
}
