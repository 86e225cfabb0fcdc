using ImageGen.Runtime;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

[Collection("Environment")]
public sealed class FeatureNetworksTests
{
    [Fact]
    public void Without_the_file_the_pyramid_takes_over_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var (network, reason) = In(folder.Path, "small", FeatureNetworks.Default);
        Assert.IsType<FilterPyramid>(network).Dispose();
        Assert.Equal("hand-made filter pyramid (Gabor and cosine filters, calibrated random layers): nothing trained, nothing "
            + "downloaded; VGG-19's file is not in the cache (./course data fetch vgg19 brings it).", reason);
    }

    [Fact]
    public void A_file_with_the_wrong_hash_is_never_used()
    {
        using var folder = new TemporaryFolder();
        var cached = Path.Combine(folder.Path, "vgg19", Sources.Find("vgg19").Files[0].File);
        Directory.CreateDirectory(Path.GetDirectoryName(cached)!);
        File.WriteAllText(cached, "not the published weights");
        var error = Assert.Throws<CourseException>(() => In(folder.Path, "small", FeatureNetworks.Default));
        Assert.Contains("is not the published one", error.Message);
        Assert.Contains("./course data fetch vgg19", error.Message);
        Assert.False(File.Exists(cached));
    }

    [Fact]
    public void The_smoke_scale_never_waits_for_a_large_network()
    {
        using var folder = new TemporaryFolder();
        var (network, reason) = In(folder.Path, "smoke", FeatureNetworks.Default);
        Assert.IsType<FilterPyramid>(network).Dispose();
        Assert.Contains("smoke", reason);
    }

    [Fact]
    public void Pictures_are_taken_to_where_the_network_is()
    {
        using var scope = NewDisposeScope();
        using var network = new Elsewhere();
        Assert.Equal(DeviceType.META, network.Extract(zeros(1, 3, 8, 8), "maps")["maps"].device_type);
    }

    [Fact]
    public void Without_the_file_the_pyramid_is_alone_and_the_summary_says_what_to_fetch()
    {
        using var folder = new TemporaryFolder();
        var (networks, summary) = In(folder.Path, "small", FeatureNetworks.Available);
        Assert.IsType<FilterPyramid>(Assert.Single(networks)).Dispose();
        Assert.Contains("./course data fetch vgg19", summary);
        (networks, summary) = In(folder.Path, "smoke", FeatureNetworks.Available);
        Assert.IsType<FilterPyramid>(Assert.Single(networks)).Dispose();
        Assert.Contains("smoke", summary);
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
