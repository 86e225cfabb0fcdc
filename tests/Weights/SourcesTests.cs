using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Tests;

public class SourcesTests
{
    [Fact]
    public void TheCoursesListHoldsThePublishedFiles()
    {
        var sources = Sources.Load();
        Assert.Equal(["vgg19", "vgg16", "flowers102", "bert", "clip", "inception", "sd15", "slides"], sources.Select(source => source.Name));
        var vgg = Assert.Single(Sources.Find("vgg19").Files);
        // torchvision puts the first eight digits of the hash into the name.
        Assert.Equal($"vgg19-{vgg.Sha256![..8]}.pth", vgg.File);
        Assert.Equal(574_673_361, vgg.Size);
        foreach (var source in sources)
        {
            Assert.All(source.Lessons, lesson => Assert.InRange(int.Parse(lesson), 0, 10));
            Assert.NotEmpty(source.License);
            Assert.Equal(source.Size, source.Files.Sum(file => file.Size));
        }
        Assert.Contains("vgg19, vgg16, flowers102", Assert.Throws<CourseException>(() => Sources.Find("vgg91")).Message);
    }

    [Theory]
    [InlineData("""{"sources": [""", "cannot be read")]
    [InlineData("""{"sources": [{"name": "x"}]}""", "cannot be read")]
    [InlineData("null", "is empty")]
    [InlineData("../x", "not a plain folder name")]
    [InlineData("x, twice", "it is there twice")]
    [InlineData("", "not a plain folder name")]
    [InlineData("x", "is not a plain relative path", "../../etc/passwd")]
    [InlineData("x", "is not a plain relative path", "/etc/passwd")]
    [InlineData("x", "the size of its file 'f' is 0", "f", 0)]
    [InlineData("x", "needs http or https", "f", 1, "file:///etc/passwd")]
    [InlineData("x", "needs http or https", "f", 1, "vgg.pth")]
    [InlineData("x", "needs a sha256", "f", 1, "http://a/f", "abc")]
    public void AWrongListIsRefusedWithTheEntryAtFault(string nameOrText, string expected, string file = "f", int size = 1, string url = "http://a/f", string? hash = null)
    {
        using var folder = new TemporaryFolder();
        var entry = $$"""{"name": "{{nameOrText.Split(',')[0]}}", "title": "t", "license": "l", "lessons": [], "files": [{"file": "{{file}}", "size": {{size}}, "urls": ["{{url}}"], "sha256": "{{hash ?? new string('a', 64)}}"}]}""";
        var text = nameOrText.StartsWith('{') || nameOrText == "null" ? nameOrText
            : nameOrText.EndsWith("twice") ? $$"""{"sources": [{{entry}}, {{entry}}]}""" : $$"""{"sources": [{{entry}}]}""";
        File.WriteAllText(folder["sources.json"], text);
        var message = Assert.Throws<CourseException>(() => Sources.Load(folder["sources.json"])).Message;
        Assert.Contains(expected, message);
        Assert.Contains(folder["sources.json"], message);
        Assert.DoesNotContain('\n', message);
    }
}
