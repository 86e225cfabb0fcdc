using System.Security.Cryptography;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Tests;

/// <summary>A second cache, filled by someone else, which is only read.</summary>
public sealed class SharedCacheTests : IDisposable
{
    private readonly TemporaryFolder shared = new(), own = new();
    private readonly byte[] content = RandomNumberGenerator.GetBytes(5000);

    private DownloadOptions Options => new() { Cache = own.Path, SharedCache = shared.Path, Offline = true };

    private Source Source => new("net", "A net", "CC0", ["01"], [File("a.bin"), File("b.bin")]);

    public SharedCacheTests()
    {
        Directory.CreateDirectory(shared["net"]);
        foreach (var name in new[] { "a.bin", "b.bin" }) System.IO.File.WriteAllBytes(Path.Combine(shared["net"], name), content);
    }

    [Fact]
    public async Task WhatItHasIsTakenFromItAndNothingIsWrittenToOnesOwn()
    {
        Assert.Equal(shared["net"], Downloads.PathIfCached(Source, options: Options));
        Assert.Equal(shared["net"], await Downloads.FetchAsync(Source, options: Options, cancel: TestContext.Current.CancellationToken));
        Assert.All(Downloads.Look(Source, Options), entry => Assert.Equal((CacheState.Good, true), (entry.State, entry.Path.StartsWith(shared.Path))));
        Assert.Empty(Directory.GetFileSystemEntries(own.Path));
    }

    [Fact]
    public async Task WhatItLacksOrHasWrongComesIntoOnesOwn()
    {
        System.IO.File.WriteAllBytes(Path.Combine(shared["net"], "b.bin"), new byte[5000]);
        Assert.Null(Downloads.PathIfCached(Source, options: Options));
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(content, request));
        var source = Source with { Files = [.. Source.Files.Select(file => file with { Urls = [$"{server.Address}/{file.File}"] })] };
        Assert.Equal(own["net"], await Downloads.FetchAsync(source, options: Options with { Offline = false }, cancel: TestContext.Current.CancellationToken));
        Assert.Equal(new byte[5000], System.IO.File.ReadAllBytes(Path.Combine(shared["net"], "b.bin"))); // another's file is left to them
        Assert.Equal(content, System.IO.File.ReadAllBytes(Path.Combine(own["net"], "b.bin")));
        System.IO.File.Delete(Path.Combine(shared["net"], "a.bin"));
        Assert.Equal(own["net"], Downloads.PathIfCached(Source, options: Options));
    }

    [Fact]
    public async Task OfflineWithNeitherTheLineNamesOnesOwnCache()
    {
        System.IO.File.Delete(Path.Combine(shared["net"], "a.bin"));
        var message = (await Assert.ThrowsAsync<CourseException>(() => Downloads.FetchAsync(Source, options: Options, cancel: TestContext.Current.CancellationToken))).Message;
        Assert.Contains(own.Path, message);
    }

    public void Dispose()
    {
        shared.Dispose();
        own.Dispose();
    }

    private SourceFile File(string name) => new(name, content.Length, ["http://127.0.0.1:9/" + name], Convert.ToHexStringLower(SHA256.HashData(content)));
}
