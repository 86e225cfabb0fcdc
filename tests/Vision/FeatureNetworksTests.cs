using ImageGen.Runtime;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

[Collection("Environment")]
public sealed class FeatureNetworksTests
{
    [Theory]
    [InlineData("small", "it came with the build")]
    [InlineData("smoke", "it came with the build")]
    [InlineData("full", "VGG-19's file is not in the cache (./course data fetch vgg19 brings it)")]
    public void Without_a_download_it_is_the_network_that_came_with_the_build(string scale, string reason)
    {
        using var folder = new TemporaryFolder();
        var (network, said) = In(folder.Path, scale, FeatureNetworks.Default);
        Assert.IsType<ResNetFeatures>(network).Dispose();
        Assert.Equal("layer3_2", network.LayerNames[^1]);
        Assert.Equal($"ResNet-18, pretrained on ImageNet; {reason}.", said);
    }

    [Fact]
    public void A_file_with_the_wrong_hash_is_never_used()
    {
        using var folder = new TemporaryFolder();
        var cached = Path.Combine(folder.Path, "vgg19", Sources.Find("vgg19").Files[0].File);
        Directory.CreateDirectory(Path.GetDirectoryName(cached)!);
        File.WriteAllText(cached, "not the published weights");
        var error = Assert.Throws<CourseException>(() => In(folder.Path, "full", FeatureNetworks.Default));
        Assert.Contains("is not the published one", error.Message);
        Assert.Contains("./course data fetch vgg19", error.Message);
        Assert.False(File.Exists(cached));
    }

    [Fact]
    public void Pictures_are_taken_to_where_the_network_is()
    {
        using var scope = NewDisposeScope();
        using var network = new Elsewhere();
        Assert.Equal(DeviceType.META, network.Extract(zeros(1, 3, 8, 8), "maps")["maps"].device_type);
    }

    [Theory]
    [InlineData("small", "./course data fetch vgg19")]
    [InlineData("smoke", "the smoke scale uses nothing larger")]
    public void A_trained_network_and_an_untrained_one_are_always_there_to_compare(string scale, string said)
    {
        using var folder = new TemporaryFolder();
        var (networks, summary) = In(folder.Path, scale, FeatureNetworks.Available);
        Assert.Equal([typeof(FilterPyramid), typeof(ResNetFeatures)], networks.Select(network => network.GetType()));
        foreach (var network in networks) network.Dispose();
        Assert.Contains(said, summary);
    }

    [Fact]
    public void Published_weights_land_under_their_names_and_the_classifier_stays_in_the_file()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var whole = new VggFeatures(VggDepth.Vgg19);
        var tensors = whole.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.to(float16));
        tensors["classifier.0.bias"] = ones(16, float16);
        var path = folder["vgg19.safetensors"];
        SafeTensors.Save(path, tensors);

        using var loaded = FeatureNetworks.PretrainedVgg19(path);
        Assert.Equal("VGG-19, pretrained on ImageNet", loaded.Description);
        Assert.Equal("relu5_1", loaded.LayerNames[^1]);
        foreach (var (name, parameter) in loaded.state_dict())
            Assert.True(parameter.equal(tensors[name].to(float32)).all().ToBoolean(), name);
        Assert.All(loaded.parameters(), parameter => Assert.False(parameter.requires_grad));
    }

    private static T In<T>(string cache, string scale, Func<T> action)
    {
        var before = (Environment.GetEnvironmentVariable(Folders.CacheVariable), Environment.GetEnvironmentVariable(Scales.Variable));
        Environment.SetEnvironmentVariable(Folders.CacheVariable, cache);
        Environment.SetEnvironmentVariable(Scales.Variable, scale);
        try { return action(); }
        finally
        {
            Environment.SetEnvironmentVariable(Folders.CacheVariable, before.Item1);
            Environment.SetEnvironmentVariable(Scales.Variable, before.Item2);
        }
    }

    // Lives where no picture is; gives back what it is given.
    private sealed class Elsewhere() : FeatureNetwork("elsewhere")
    {
        public override string Description => Name;

        public override IReadOnlyList<string> LayerNames => ["maps"];

        public override IReadOnlyList<string> StyleLayers => LayerNames;

        public override IReadOnlyList<string> ContentLayers => LayerNames;

        public override int MinimumSize => 1;

        public override int Stride => 1;

        public override int Reach => 0;

        public override int StepBytesPerPixel => 1;

        public override Device Device { get; } = new(DeviceType.META);

        protected override void Compute(Tensor pictures, IReadOnlySet<string> wanted, FeatureMaps maps) => maps.Add("maps", pictures.alias());
    }
}
