using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using ImageGen.Course.Setup;
using ImageGen.Runtime;
using ImageGen.Tests.Jupyter;
using ImageGen.Weights;

namespace ImageGen.Tests.Commands;

/// <summary>What slides run on: a source like every other, unpacked beside them.</summary>
public sealed class SlidesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_courses_list_has_the_libraries_that_the_pages_name() =>
        Assert.Equal(["jquery", "requirejs", "reveal.js"], Sources.Find("slides").Files.Select(file => SlideAssets.FolderOf(file)).Order());

    [Fact]
    public async Task Libraries_in_the_cache_are_unpacked_without_a_network()
    {
        var archive = Archive(("package/dist/reveal.js", "run"), ("package/LICENSE", "MIT"), ("package/test/x.html", "no"), ("package/dist/../../../escaped", "no"));
        var source = new Source("slides", "", "MIT", [], [new SourceFile("reveal.js-4.6.1.tgz", archive.Length, ["http://127.0.0.1:9/none"], Convert.ToHexStringLower(SHA256.HashData(archive)))]);
        Directory.CreateDirectory(folder["cache/slides"]);
        File.WriteAllBytes(folder["cache/slides/reveal.js-4.6.1.tgz"], archive);
        var options = new DownloadOptions { Cache = folder["cache"], Offline = true };
        for (var again = 0; again < 2; again++) await SlideAssets.PlaceAsync(source, folder["slides"], options, TestContext.Current.CancellationToken);
        Assert.Equal(["reveal.js/LICENSE", "reveal.js/dist/reveal.js"],
            Directory.EnumerateFiles(folder["slides"], "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder["slides"], file)).Order(StringComparer.Ordinal));
        Assert.False(File.Exists(folder["escaped"]));
    }

    [Fact]
    public async Task Without_cache_and_network_one_line_says_so()
    {
        var options = new DownloadOptions { Cache = folder["cache"], Offline = true };
        var error = await Assert.ThrowsAsync<CourseException>(() => SlideAssets.PlaceAsync(Sources.Find("slides"), folder["slides"], options, TestContext.Current.CancellationToken));
        Assert.Contains("slides is not in the cache", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static byte[] Archive(params (string Name, string Text)[] files)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(new GZipStream(stream, CompressionLevel.Fastest)))
            foreach (var (name, text) in files)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        return stream.ToArray();
    }
}
