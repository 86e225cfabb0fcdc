using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Tests;

// Servers that do not give the file, and caches that do not take it.
public sealed partial class DownloadsTests
{
    [Theory]
    [InlineData("html", "a web page instead of the file")]
    [InlineData("hidden html", "a web page instead of the file")]
    [InlineData("shorter", "its file has 1000 bytes, not 45678")]
    [InlineData("shorter by range", "the wrong part of the file")]
    [InlineData("404", "the server answers 404")]
    [InlineData("416", "shorter than the 45678 bytes expected")]
    [InlineData("500", "the server answers 500")]
    [InlineData("other part", "the wrong part of the file")]
    [InlineData("half ranges", "gives parts of the file at one time")]
    public async Task AServerThatDoesNotGiveTheFileIsNamedWithItsAnswer(string fault, string expected)
    {
        using var server = new ScriptedServer((request, number) => fault switch
        {
            "html" => new ServerReply(200, "<html>Sign in</html>"u8.ToArray()) { Headers = ["Content-Type: text/html; charset=utf-8"] },
            "hidden html" => new ServerReply(200, "\n<!DOCTYPE html><p>Sign in"u8.ToArray()) { SendLength = false },
            "shorter" => new ServerReply(200, content[..1000]),
            "shorter by range" => ScriptedServer.Honest(content[..20_000], request),
            "404" => new ServerReply(404, []),
            "416" => new ServerReply(416, []),
            "500" => new ServerReply(500, []),
            "other part" => ScriptedServer.Honest(content, request with { From = request.From + 1 }),
            _ => number == 0 ? ScriptedServer.Honest(content, request) : new ServerReply(200, content),
        });
        var message = await Refused(SourceAt(server.Address));
        Assert.Contains(expected, message);
        Assert.Contains("127.0.0.1", message);
        Assert.Contains("IMAGEGEN_MIRROR", message);
        Assert.Contains(FilePath, message);
    }

    [Fact]
    public async Task AFileWithTheWrongHashIsPutAsideAndNeverUsed()
    {
        byte[] wrong = [.. content[..^1], (byte)~content[^1]];
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(wrong, request));
        var message = await Refused(SourceAt(server.Address));
        Assert.Contains("not the published file", message);
        Assert.Contains(FilePath + ".bad", message);
        Assert.Equal(wrong, File.ReadAllBytes(FilePath + ".bad"));
        Assert.False(File.Exists(FilePath + ".part"));

        using var good = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        await Fetch(SourceAt(server.Address, good.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public async Task AWrongPartOfAnEarlierRunIsFetchedAnew()
    {
        using (var parts = PartFileOf()) { }
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        await Fetch(SourceAt(server.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));

        // What an earlier run left: a first part said to be complete, of other bytes.
        FileStream PartFileOf()
        {
            Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
            File.WriteAllBytes(FilePath + ".part", new byte[content.Length]);
            long[] state = [content.Length, PartBytes, PartBytes, 0, 0, 0, 0];
            File.WriteAllBytes(FilePath + ".part.state", [.. state.SelectMany(BitConverter.GetBytes)]);
            return File.OpenRead(FilePath + ".part");
        }
    }

    [Fact]
    public async Task ADamagedStateOfAnEarlierRunIsForgotten()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllBytes(FilePath + ".part", new byte[content.Length]);
        long[] state = [content.Length, PartBytes, PartBytes + 1, 0, 0, 0, -1];
        File.WriteAllBytes(FilePath + ".part.state", [.. state.SelectMany(BitConverter.GetBytes)]);
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        await Fetch(SourceAt(server.Address));
        Assert.Equal(content, File.ReadAllBytes(FilePath));
        Assert.Equal(5, server.Requests.Count);
    }

    [Fact]
    public async Task ACachedFileThatWasChangedIsFoundAndPutAside()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var source = SourceAt(server.Address);
        await Fetch(source);
        Assert.Equal(CacheState.Good, Downloads.Verify(source, Options)[0].State);
        File.WriteAllBytes(FilePath, [1, 2, 3]);
        var message = Assert.Throws<CourseException>(() => Downloads.PathIfCached(source, options: Options)).Message;
        Assert.Contains("it has 3 bytes, not 45678", message);
        Assert.Contains("./course data fetch net", message);
        Assert.Null(Downloads.PathIfCached(source, options: Options));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(FilePath + ".bad"));
        Assert.Equal(CacheState.Missing, Downloads.Verify(source, Options)[0].State);
    }

    [Fact]
    public async Task VerifyHashesEvenWhatIsStamped()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var source = SourceAt(server.Address);
        await Fetch(source);
        var time = File.GetLastWriteTimeUtc(FilePath);
        using (var file = File.OpenWrite(FilePath)) file.WriteByte((byte)~content[0]);
        File.SetLastWriteTimeUtc(FilePath, time);
        Assert.NotNull(Downloads.PathIfCached(source, options: Options)); // length and time are those of the stamp
        var bad = Downloads.Verify(source, Options)[0];
        Assert.Equal(CacheState.Bad, bad.State);
        Assert.Contains("its sha256 is", bad.Problem);
    }

    [Fact]
    public void AFilePutIntoTheCacheByHandIsUsed()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllBytes(FilePath, content);
        Assert.Equal(FilePath, Downloads.PathIfCached(SourceAt("http://127.0.0.1:9"), options: Options with { Offline = true }));
    }

    [Fact]
    public async Task NoSpaceIsSaidBeforeAnythingIsAsked()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var message = await Refused(SourceAt(server.Address), Options with { FreeSpace = _ => 1_000_000 });
        Assert.Contains("has 1 MB free", message);
        Assert.Contains("IMAGEGEN_CACHE", message);
        Assert.Empty(server.Requests);
        Assert.Equal(["weights.pth.lock"], Directory.GetFiles(Path.GetDirectoryName(FilePath)!).Select(Path.GetFileName));
    }

    [Fact]
    public async Task OfflineNothingIsAsked()
    {
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        Assert.Contains("IMAGEGEN_OFFLINE forbids the network", await Refused(SourceAt(server.Address), Options with { Offline = true }));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task WithoutANetworkTheLineSaysSo()
    {
        int port;
        using (var closed = new ScriptedServer((_, _) => new ServerReply(200, []))) port = closed.Port;
        Assert.Contains("127.0.0.1: no connection (ConnectionRefused)", await Refused(SourceAt($"http://127.0.0.1:{port}")));
        Assert.Contains("its name cannot be found", await Refused(SourceAt("http://no-such-host.invalid")));
        Assert.Equal(["weights.pth.lock"], Directory.GetFiles(Path.GetDirectoryName(FilePath)!).Select(Path.GetFileName));
    }

    [Fact]
    public async Task ACacheThatCannotBeWrittenIsNamed()
    {
        File.WriteAllText(Path.Combine(cache.Path, "file"), "in the way");
        var message = (await Assert.ThrowsAsync<CourseException>(() => Fetch(SourceAt("http://127.0.0.1:9"), Options with { Cache = Path.Combine(cache.Path, "file", "cache") }))).Message;
        Assert.Contains("cannot be written", message);
        Assert.Contains("IMAGEGEN_CACHE", message);
    }
}
