using System.Collections.Concurrent;
using ImageGen.Weights;

namespace ImageGen.Tests;

// A disk that fills while a file is on its way.
public sealed partial class DownloadsTests
{
    private const int NoSpace = 28, NoQuota = 122; // as Linux numbers them

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(9_999)]
    [InlineData(25_000)]
    [InlineData(45_677)]
    public async Task ADiskThatFillsOnTheWayIsNamedAndTheDownloadGoesOnFromThere(int room)
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var disk = new SmallDisk(room, NoSpace);
        var message = await Refused(SourceAt(server.Address), Options with { Write = disk.Write, Connections = 2 });
        Assert.Contains($"The disk of {cache.Path} is full: net needs 1 MB more", message);
        Assert.Contains("IMAGEGEN_CACHE", message);
        Assert.False(File.Exists(FilePath));
        // Nothing tried again, and no other address asked: no server can mend a full disk.
        Assert.InRange(server.Requests.Count, 1, 5);

        // What is left is a part that says truly what it holds, or nothing at all.
        var kept = PartFile.DoneOf(FilePath, content.Length, PartBytes);
        Assert.InRange(kept, room < PartBytes ? 0 : PartBytes, room);
        Assert.Equal(kept == 0 ? ["weights.pth.lock"] : ["weights.pth.lock", "weights.pth.part", "weights.pth.part.state"],
            Directory.GetFiles(Path.GetDirectoryName(FilePath)!).Select(Path.GetFileName).Order());

        var before = server.Requests.Count;
        await Fetch(SourceAt(server.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        var again = server.Requests.Skip(before).Sum(request => request.To!.Value - request.From!.Value + 1);
        Assert.Equal(content.Length - kept, again);
    }

    [Fact]
    public async Task ADiskWithoutRoomEvenForTheListOfPartsIsLeftAsItWas()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var disk = new SmallDisk(0, NoQuota, stateToo: true);
        Assert.Contains("is full: net needs 1 MB more", await Refused(SourceAt(server.Address), Options with { Write = disk.Write }));
        Assert.Empty(server.Requests);
        Assert.Equal(["weights.pth.lock"], Directory.GetFiles(Path.GetDirectoryName(FilePath)!).Select(Path.GetFileName));
    }

    /// <summary>
    /// A disk with room for so many bytes of new data: the write that goes over puts down what fits, as a system does, and
    /// fails as .NET fails on such a system. The few bytes of state were given their room when the part was made.
    /// </summary>
    private sealed class SmallDisk(int room, int error, bool stateToo = false)
    {
        private readonly ConcurrentDictionary<object, bool> states = new();
        private int left = room;

        public void Write(Microsoft.Win32.SafeHandles.SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
        {
            if (!stateToo && states.GetOrAdd(file, _ => RandomAccess.GetLength(file) < 100))
            {
                RandomAccess.Write(file, bytes, offset);
                return;
            }
            var after = Interlocked.Add(ref left, -bytes.Length);
            if (after < 0 && after + bytes.Length > 0) RandomAccess.Write(file, bytes[..(after + bytes.Length)], offset);
            if (after < 0) throw new IOException("No space left on device", error);
            RandomAccess.Write(file, bytes, offset);
        }
    }
}
