using System.Security.Cryptography;
using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Tests.Data;

/// <summary>Flowers-102 from a server to an open data set: small files in the true formats, checked by their md5.</summary>
public sealed class FlowersDownloadTests : IDisposable
{
    private static readonly string[] Names = ["102flowers.tgz", "imagelabels.mat", "setid.mat"];

    private readonly TemporaryFolder cache = new();

    public void Dispose() => cache.Dispose();

    private DownloadOptions Options => new() { Cache = cache.Path, PartBytes = 1000, Connections = 1, Retries = 0, FirstDelay = TimeSpan.FromMilliseconds(1) };

    private static byte[] Fixture(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "flowers102", name));

    // The list of sources as it is, with the sizes and hashes of the small files.
    private static Source SourceAt(string address, IReadOnlyDictionary<string, byte[]>? others = null) => Sources.Find(Flowers102.SourceName) with
    {
        Files = [.. Names.Select(name =>
        {
            var content = others?.GetValueOrDefault(name) ?? Fixture(name);
            return new SourceFile(name, content.Length, [$"{address}/{name}"], Md5: Convert.ToHexStringLower(MD5.HashData(content)));
        })],
    };

    private static ScriptedServer Serving(IReadOnlyDictionary<string, byte[]>? others = null) => new((request, _) =>
    {
        var name = request.Target.Split('/')[^1];
        return ScriptedServer.Honest(others?.GetValueOrDefault(name) ?? Fixture(name), request);
    });

    private static Task<string> Fetch(Source source, DownloadOptions options) =>
        Downloads.FetchAsync(source, cancel: TestContext.Current.CancellationToken, options: options);

    [Fact]
    public void The_course_knows_the_three_published_files_by_their_md5()
    {
        var source = Sources.Find(Flowers102.SourceName);
        Assert.Equal(Names, source.Files.Select(file => file.File));
        Assert.All(source.Files, file => Assert.Equal(32, file.Md5!.Length));
        Assert.Contains("./course data fetch flowers102", Assert.Throws<CourseException>(() => Flowers102.Open(source, Options, Split.Train)).Message);
    }

    [Fact]
    public async Task Fetched_files_open_with_their_labels_and_splits()
    {
        using var server = Serving();
        var source = SourceAt(server.Address);
        Assert.Equal(cache["flowers102"], await Fetch(source, Options));
        var official = Flowers102.Open(source, Options, Split.Validation, protocol: FlowersProtocol.Official);
        Assert.Equal([2, 5, 8, 11], Enumerable.Range(0, official.Count).Select(official.Number));
        Assert.Equal([1, 2, 3, 4], Enumerable.Range(0, official.Count).Select(official.Label));
        Assert.False(official.HasPublishedCaptions);

        // The captions and embeddings are put beside them by hand.
        foreach (var name in new[] { "cvpr2016_flowers.tar.gz", "flowers_icml.tar.gz" }) File.WriteAllBytes(cache[$"flowers102/{name}"], Fixture(name));
        var test = Flowers102.Open(source, Options, Split.Test, side: 32);
        Assert.Equal([2, 2, 2], Enumerable.Range(0, test.Count).Select(test.Label));
        Assert.Equal("picture 4 caption 3", test.Captions(0)[3]);
        Assert.Equal(4 + 0.3, test.Embedding(0, 3)[0], 1e-5);
        using var batch = new Batches(test, new BatchOptions { BatchSize = 3 }).Epoch().First();
        Assert.Equal([3, 3, 32, 32], batch.Pictures.shape);
    }

    [Fact]
    public async Task A_stopped_fetch_goes_on_and_a_mirror_steps_in()
    {
        var archive = Fixture("102flowers.tgz");
        using (var cutting = new ScriptedServer((request, number) => ScriptedServer.Honest(archive, request) with { CutAfter = number < 2 ? null : 0 }))
            await Assert.ThrowsAsync<CourseException>(() => Fetch(SourceAt(cutting.Address), Options));
        Assert.Null(Downloads.PathIfCached(SourceAt("http://127.0.0.1"), options: Options));

        using var mirror = Serving();
        using var gone = new ScriptedServer((_, _) => new ServerReply(404, []));
        var source = SourceAt(gone.Address);
        await Fetch(source, Options with { Mirror = mirror.Address + "/classroom" });
        var asked = mirror.Requests.Where(request => request.Target.EndsWith("102flowers.tgz", StringComparison.Ordinal)).ToList();
        Assert.Equal("/classroom/flowers102/102flowers.tgz", asked[0].Target);
        Assert.Equal([2000, 3000, 4000], asked.Select(request => request.From!.Value)); // the first two parts were here
        Assert.Empty(gone.Requests);
        Assert.Equal(4, Flowers102.Open(source, Options, Split.Train, protocol: FlowersProtocol.Official).Count);
    }

    [Fact]
    public async Task A_file_with_a_wrong_hash_is_never_used()
    {
        var wrong = Fixture("setid.mat");
        wrong[^1] ^= 1;
        using var server = Serving(new Dictionary<string, byte[]> { ["setid.mat"] = wrong });
        var source = SourceAt(server.Address);
        var message = (await Assert.ThrowsAsync<CourseException>(() => Fetch(source, Options))).Message;
        Assert.Contains("not the published file", message);
        Assert.DoesNotContain('\n', message);
        Assert.False(File.Exists(cache["flowers102/setid.mat"]));
        Assert.Contains("not in the cache", Assert.Throws<CourseException>(() => Flowers102.Open(source, Options, Split.Train)).Message);

        // Spoiled after it was fetched, it is found, too.
        using var honest = Serving();
        await Fetch(SourceAt(honest.Address), Options);
        File.WriteAllBytes(cache["flowers102/setid.mat"], wrong);
        Assert.Contains("not the published one", Assert.Throws<CourseException>(() => Flowers102.Open(source, Options, Split.Train)).Message);
    }

    [Theory]
    [InlineData("102flowers.tgz", "truncated or damaged")]
    [InlineData("imagelabels.mat", "MATLAB")]
    [InlineData("setid.mat", "MATLAB")]
    public async Task A_published_file_that_is_none_of_its_kind_is_named(string name, string expected)
    {
        var others = new Dictionary<string, byte[]> { [name] = name.EndsWith(".tgz", StringComparison.Ordinal) ? Fixture(name)[..3000] : new byte[300] };
        using var server = Serving(others);
        var source = SourceAt(server.Address, others);
        await Fetch(source, Options);
        var message = Assert.Throws<CourseException>(() => Flowers102.Open(source, Options, Split.Train, protocol: FlowersProtocol.Official)).Message;
        Assert.Contains(name, message);
        Assert.Contains(expected, message);
        Assert.False(Directory.Exists(cache["flowers102/102flowers.part"]));
    }

    [Fact]
    public async Task An_embedding_that_is_no_torch_file_is_named()
    {
        using var server = Serving();
        var source = SourceAt(server.Address);
        await Fetch(source, Options);
        Archive.Unpack(Path.Combine(AppContext.BaseDirectory, "Fixtures", "flowers102", "flowers_icml.tar.gz"), cache["flowers102/flowers_icml"]);
        var file = Directory.GetFiles(cache["flowers102"], "image_00004.t7", SearchOption.AllDirectories).Single();
        File.WriteAllText(file, "<html>sign in to go on</html>");
        var flowers = Flowers102.Open(source, Options, Split.Test);
        Assert.Contains(file, Assert.Throws<CourseException>(() => flowers.Embedding(0, 0)).Message);
    }
}
