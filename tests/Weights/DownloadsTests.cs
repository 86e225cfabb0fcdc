using System.Security.Cryptography;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Tests;

/// <summary>Downloads from servers that do their work, well or with interruptions.</summary>
public sealed partial class DownloadsTests : IDisposable
{
    private const int PartBytes = 10_000;

    private readonly TemporaryFolder cache = new();
    private readonly byte[] content = new byte[45_678];
    private readonly List<DownloadProgress> told = [];

    public DownloadsTests()
    {
        new Random(3).NextBytes(content);
        content[0] = 0x80; // no '<': that would be a web page
    }

    public void Dispose() => cache.Dispose();

    private DownloadOptions Options => new()
    {
        Cache = cache.Path, PartBytes = PartBytes, StallTimeout = TimeSpan.FromSeconds(30), FirstDelay = TimeSpan.FromMilliseconds(1), Retries = 2,
    };

    private string FilePath => Path.Combine(cache.Path, "net", "weights.pth");

    private Source SourceAt(params string[] addresses) => new("net", "A net", "CC0", ["01"],
        [new SourceFile("weights.pth", content.Length, [.. addresses.Select(address => address + "/weights.pth")], Convert.ToHexStringLower(SHA256.HashData(content)))]);

    private Task<string> Fetch(Source source, DownloadOptions? options = null, CancellationTokenSource? stop = null) =>
        Downloads.FetchAsync(source, new Listener(told), stop?.Token ?? TestContext.Current.CancellationToken, options ?? Options);

    private async Task<string> Refused(Source source, DownloadOptions? options = null)
    {
        var message = (await Assert.ThrowsAsync<CourseException>(() => Fetch(source, options))).Message;
        Assert.DoesNotContain('\n', message);
        Assert.False(File.Exists(FilePath));
        Assert.Null(Downloads.PathIfCached(source, options: Options));
        return message;
    }

    private sealed class Listener(List<DownloadProgress> told) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) { lock (told) told.Add(value); }
    }

    [Fact]
    public async Task AFileIsFetchedInPartsOnceAndKept()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var source = SourceAt(server.Address);
        Assert.Null(Downloads.PathIfCached(source, options: Options));
        Assert.Equal(FilePath, await Fetch(source));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.Equal([0, 10_000, 20_000, 30_000, 40_000], server.Requests.Select(request => request.From!.Value).Order());
        Assert.Equal(FilePath, Downloads.PathIfCached(source, options: Options));
        Assert.Equal(FilePath, await Fetch(source));
        Assert.Equal(5, server.Requests.Count);
        Assert.Equal((content.Length, "checking"), (told[^1].Done, told[^1].Note));
        Assert.Equal(["weights.pth", "weights.pth.lock", "weights.pth.ok"], Directory.GetFiles(Path.Combine(cache.Path, "net")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task AStoppedDownloadGoesOnWhereItWas()
    {
        using var stop = new CancellationTokenSource();
        using (var server = new ScriptedServer((request, number) =>
        {
            if (number == 2) stop.Cancel();
            return ScriptedServer.Honest(content, request) with { StallAfter = number == 2 ? 0 : null };
        }))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Fetch(SourceAt(server.Address), Options with { Connections = 1 }, stop));
        }
        Assert.False(File.Exists(FilePath));
        using var again = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        await Fetch(SourceAt(again.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.Equal([20_000, 30_000, 40_000], again.Requests.Select(request => request.From!.Value).Order());
    }

    [Fact]
    public async Task ACutConnectionGoesOnInsideThePart()
    {
        using var server = new ScriptedServer((request, number) => ScriptedServer.Honest(content, request) with { CutAfter = number == 0 ? 4321 : null });
        await Fetch(SourceAt(server.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.Equal((4321, 9999), (server.Requests[1].From, server.Requests[1].To));
        Assert.Contains(told, progress => progress.Note?.Contains("trying again") == true);
    }

    [Fact]
    public async Task AServerThatIgnoresRangesIsReadWhole()
    {
        using var server = new ScriptedServer((_, number) => new ServerReply(200, content) { CutAfter = number == 0 ? 12_345 : null });
        await Fetch(SourceAt(server.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.Equal(2, server.Requests.Count);
        Assert.Null(server.Requests[1].From);
    }

    [Fact]
    public async Task AServerWithoutALengthIsReadToItsEnd()
    {
        using var server = new ScriptedServer((_, _) => new ServerReply(200, content) { SendLength = false });
        await Fetch(SourceAt(server.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public async Task AStalledServerIsGivenUpAndAskedAgain()
    {
        using var server = new ScriptedServer((request, number) => ScriptedServer.Honest(content, request) with { StallAfter = number == 0 ? 100 : null });
        // Many tries: on a busy machine an honest answer may take that long, too.
        await Fetch(SourceAt(server.Address), Options with { StallTimeout = TimeSpan.FromSeconds(0.3), Retries = 20 });
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.Contains(told, progress => progress.Note?.Contains("no answer for 0.3 seconds") == true);
        using var silent = new ScriptedServer((_, _) => new ServerReply(200, content) { StallAfter = 0 });
        File.Delete(FilePath);
        Assert.Contains("no answer for 0.1 seconds", await Refused(SourceAt(silent.Address), Options with { StallTimeout = TimeSpan.FromSeconds(0.1) }));
        Assert.Equal(3, silent.Requests.Count); // the first try and two more
    }

    [Fact]
    public async Task ABusyServerIsAskedAgain()
    {
        using var server = new ScriptedServer((request, number) => number < 2
            ? new ServerReply(503, "busy"u8.ToArray()) { Headers = ["Retry-After: 0"] }
            : ScriptedServer.Honest(content, request));
        await Fetch(SourceAt(server.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public async Task TheNextAddressIsTriedWhenOneHasNoFile()
    {
        using var missing = new ScriptedServer((_, _) => new ServerReply(404, "gone"u8.ToArray()));
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        await Fetch(SourceAt(missing.Address, server.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.Single(missing.Requests); // a missing file will not appear by asking again
    }

    [Fact]
    public async Task TheMirrorComesFirst()
    {
        using var server = new ScriptedServer((_, _) => new ServerReply(500, []));
        using var mirror = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        await Fetch(SourceAt(server.Address), Options with { Mirror = mirror.Address + "/" });
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.All(mirror.Requests, request => Assert.Equal("/net/weights.pth", request.Target));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task AFileWithAnMd5IsCheckedByIt()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var file = SourceAt(server.Address).Files[0] with { Sha256 = null, Md5 = Convert.ToHexStringLower(MD5.HashData(content)) };
        await Fetch(SourceAt(server.Address) with { Files = [file] });
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        File.Delete(FilePath);
        Assert.Contains("its md5 is", await Refused(SourceAt(server.Address) with { Files = [file with { Md5 = new string('0', 32) }] }));
    }

    [Fact]
    public async Task SeveralFilesLieInOneFolder()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var one = SourceAt(server.Address).Files[0];
        var source = SourceAt(server.Address) with { Files = [one with { File = "unet/a.bin" }, one with { File = "b.bin" }] };
        var folder = Path.Combine(cache.Path, "net");
        Assert.Equal(folder, await Fetch(source));
        Assert.Equal(folder, Downloads.PathIfCached(source, options: Options));
        Assert.Equal(Path.Combine(folder, "unet", "a.bin"), Downloads.PathIfCached(source, "unet/a.bin", Options));
        Assert.Contains("no file 'c.bin'", Assert.Throws<CourseException>(() => Downloads.PathIfCached(source, "c.bin", Options)).Message);
        File.Delete(Path.Combine(folder, "b.bin"));
        Assert.Null(Downloads.PathIfCached(source, options: Options));
    }

    [Fact]
    public async Task TasksThatWantOneFileFetchItOnce()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var source = SourceAt(server.Address);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Fetch(source))));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.Equal(5, server.Requests.Count);
    }
}
