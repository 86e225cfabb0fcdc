using System.Diagnostics;
using System.Security.Cryptography;
using ImageGen.Weights;

namespace ImageGen.Tests;

/// <summary>Downloads in processes of their own: two on one file, and one behind a proxy of the environment.</summary>
public class ProcessesTests
{
    private const string Variable = "IMAGEGEN_TEST_FETCH";

    private static readonly byte[] Content = [.. Enumerable.Range(0, 500_000).Select(i => (byte)(0x80 | i * 31 % 127))];

    /// <summary>What the children of the other tests run; alone, it fetches from a server of its own.</summary>
    [Fact]
    public async Task AProcessFetches()
    {
        using var folder = new TemporaryFolder();
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(Content, request));
        var (address, cache) = Environment.GetEnvironmentVariable(Variable)?.Split('|') is [var given, var at] ? (given, at) : (server.Address, folder.Path);
        var source = new Source("net", "A net", "CC0", [], [new SourceFile("f", Content.Length, [address + "/f"], Convert.ToHexStringLower(SHA256.HashData(Content)))]);
        var options = new DownloadOptions { Cache = cache, PartBytes = 100_000, Retries = 1, FirstDelay = TimeSpan.FromMilliseconds(1) };
        var path = await Downloads.FetchAsync(source, null, TestContext.Current.CancellationToken, options);
        Assert.Equal(Content, File.ReadAllBytes(path));
    }

    [Fact]
    public async Task TwoProcessesFetchOneFileOnce()
    {
        using var folder = new TemporaryFolder();
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(Content, request));
        using var first = Start($"{server.Address}|{folder.Path}");
        using var second = Start($"{server.Address}|{folder.Path}");
        await Succeeds(first);
        await Succeeds(second);
        Assert.Equal(5, server.Requests.Count);
        Assert.Equal(Content, File.ReadAllBytes(Path.Combine(folder.Path, "net", "f")));
    }

    [Fact]
    public async Task AProxyOfTheEnvironmentIsUsed()
    {
        using var folder = new TemporaryFolder();
        using var proxy = new ScriptedServer((request, _) => ScriptedServer.Honest(Content, request));
        using var child = Start($"http://weights.example|{folder.Path}", ("http_proxy", proxy.Address));
        await Succeeds(child);
        Assert.All(proxy.Requests, request => Assert.Equal("http://weights.example/f", request.Target));
    }

    private static Process Start(string fetch, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [typeof(ProcessesTests).Assembly.Location, "-method", $"{typeof(ProcessesTests).FullName}.{nameof(AProcessFetches)}"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment[Variable] = fetch;
        start.Environment.Remove("no_proxy");
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static async Task Succeeds(Process process)
    {
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0 && output.Contains("Total: 1,"), output);
    }
}
