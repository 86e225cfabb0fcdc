using System.Xml.Linq;
using ImageGen.Runtime;
using ImageGen.Weights;

namespace ImageGen.Tests;

/// <summary>The weights that come with packages of the build.</summary>
public sealed class PackagedWeightsTests
{
    [Fact]
    public void TheListNamesTheVersionsThatTheBuildPins()
    {
        var pinned = XDocument.Load(Path.Combine(Folders.Root, "Directory.Packages.props")).Descendants()
            .ToLookup(element => element.Name.LocalName, element => element.Value);
        var project = File.ReadAllText(Path.Combine(Folders.Root, "ImageGen.Lib.csproj"));
        var notices = File.ReadAllText(Path.Combine(Folders.Root, "THIRD-PARTY-NOTICES.md"));
        foreach (var (name, property) in new[] { ("resnet18", "ResNet18Version"), ("minilm", "MiniLmVersion") })
        {
            var weights = PackagedWeights.All().Single(each => each.Name == name);
            Assert.Equal(weights.Version, Assert.Single(pinned[property]));
            Assert.Contains($"""<PackageDownload Include="{weights.Package}" Version="[$({property})]" />""", project);
            Assert.Contains(weights.Package, notices);
        }
    }

    [Fact]
    public void TheBuildPutTheFilesBesideTheLibraryAndTheyAreThePublishedOnes()
    {
        foreach (var weights in PackagedWeights.All())
            Assert.All(weights.Verify(), file => Assert.Null(file.Problem));
        Assert.Equal(Path.Combine(AppContext.BaseDirectory, "weights", "ResNetPreprocess.onnx"),
            PackagedWeights.PathOf("resnet18", "ResNetPreprocess.onnx"));
    }

    [Fact]
    public void AFileThatIsMissingOrAlteredIsOneLineThatSaysWhatToDo()
    {
        using var folder = new TemporaryFolder();
        var weights = PackagedWeights.All().Single(each => each.Name == "resnet18");
        var missing = Assert.Throws<CourseException>(() => weights.PathIn(folder.Path, "ResNetPreprocess.onnx"))
            .Message;
        Assert.Contains("ResNet-18", missing);
        Assert.Contains($"there is no {folder["ResNetPreprocess.onnx"]}", missing);
        Assert.Contains("Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1", missing);

        var bytes = File.ReadAllBytes(PackagedWeights.PathOf("resnet18", "ResNetPreprocess.onnx"));
        folder.Write("ResNetPreprocess.onnx", bytes);
        Assert.Equal(folder["ResNetPreprocess.onnx"], weights.PathIn(folder.Path, "ResNetPreprocess.onnx"));
        bytes[bytes.Length / 2] ^= 1;
        folder.Write("ResNetPreprocess.onnx", bytes);
        File.SetLastWriteTimeUtc(folder["ResNetPreprocess.onnx"], new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var altered = Assert.Throws<CourseException>(() => weights.PathIn(folder.Path, "ResNetPreprocess.onnx"))
            .Message;
        Assert.Contains("its sha256 is", altered);
        folder.Write("ResNetPreprocess.onnx", bytes[..1000]);
        var cut = Assert.Throws<CourseException>(() => weights.PathIn(folder.Path, "ResNetPreprocess.onnx")).Message;
        Assert.Contains("it has 1000 bytes, not 602584", cut);
        Assert.Contains("build again", cut);
        Assert.All([missing, altered, cut], message => Assert.DoesNotContain('\n', message));
    }
}
