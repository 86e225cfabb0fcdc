using System.Text.Json;
using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>CLIP's picture tower and the whole of CLIP against make_metrics.py.</summary>
public sealed class ClipModelTests
{
    private static readonly JsonElement Reference = MetricsFixtures.Json("clip.json");
    private static readonly ClipVisionConfig Small = new(Side: 12, Patch: 4, Width: 32, Layers: 2, Heads: 4, FeedForward: 37, Projection: 24);
    private static readonly ClipTextConfig SmallText = new(VocabularySize: 60, Width: 32, Layers: 2, Heads: 4, FeedForward: 37, Positions: 12, Projection: 24, EndId: 59);

    private static ClipVisionEncoder Encoder()
    {
        var encoder = FormulaWeights.Fill(new ClipVisionEncoder(Small));
        encoder.eval();
        return encoder;
    }

    [Fact]
    public void NamesAndShapesAreThePublishedOnes()
    {
        using var encoder = new ClipVisionEncoder(Small);
        FormulaWeights.AssertNames(Reference.GetProperty("names"), encoder);
        Assert.Contains("vision_model.pre_layrnorm.weight", encoder.state_dict().Keys); // misspelled there, and so here
    }

    [Fact]
    public void VectorsEqualTheReference()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var output = Encoder().forward(MetricsFixtures.Float(500, 2, 3, 12, 12));
        FormulaWeights.AssertClose(Reference.GetProperty("sequence"), output.Sequence);
        FormulaWeights.AssertClose(Reference.GetProperty("pooled"), output.Pooled);
        FormulaWeights.AssertClose(Reference.GetProperty("projected"), output.Projected);
    }

    [Fact]
    public void SmallNumbersShowTheRightEpsilon()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var encoder = FormulaWeights.Shrink(Encoder(), ".embeddings.", 0.003);
        FormulaWeights.AssertClose(Reference.GetProperty("tiny"), encoder.forward(MetricsFixtures.Float(500, 2, 3, 12, 12)).Sequence);
    }

    [Fact]
    public void TheWholeModelHasThePublishedNamesAndParameters()
    {
        using var scope = NewDisposeScope();
        using var clip = new ClipModel(ClipTextConfig.Base, ClipVisionConfig.Base, new Device(DeviceType.META));
        FormulaWeights.AssertNames(Reference.GetProperty("base_names"), clip);
        Assert.Equal(Reference.GetProperty("base_parameters").GetInt64(), clip.parameters().Sum(p => p.numel()));
        Assert.Equal(151_277_313, clip.parameters().Sum(p => p.numel())); // published with the model
    }

    [Fact]
    public void APublishedFileFillsBothTowersAndListsOfPositionsAreLeftOut()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var made = FormulaWeights.Fill(new ClipModel(SmallText, Small));
        var tensors = made.state_dict();
        tensors["text_model.embeddings.position_ids"] = arange(12);
        tensors["vision_model.embeddings.position_ids"] = arange(10);
        SafeTensors.Save(folder["clip.safetensors"], tensors);
        using var read = ClipModel.Load(folder["clip.safetensors"], SmallText, Small);
        foreach (var (name, value) in made.state_dict()) Assert.True(read.state_dict()[name].equal(value).all().item<bool>(), name);
        Assert.Equal(Math.Exp(made.state_dict()["logit_scale"].ToDouble()), read.LogitScale, 1e-6);
        Assert.Contains("missing", Assert.Throws<CourseException>(() => ClipModel.Load(folder["clip.safetensors"], SmallText, Small with { Layers = 3 })).Message);
    }

    [Theory]
    [InlineData(301, 233)]
    [InlineData(150, 333)]
    [InlineData(64, 64)]
    public void PixelsArePreparedAsTheReferenceDoes(int width, int height)
    {
        using var scope = NewDisposeScope();
        var rgb = FormulaNumbers.Of(width * height * 3, (ulong)(600 + width)).Select(n => (byte)((n + 1) * 128)).ToArray();
        using var clip = new ClipModel(SmallText, Small with { Side = 224, Patch = 112 });
        var prepared = clip.Preprocess(new Picture(width, height, rgb));
        Assert.Equal([1, 3, 224, 224], prepared.shape);
        var expected = Reference.GetProperty("prepared").GetProperty($"{width}x{height}");
        Assert.Equal(expected.GetProperty("mean").GetDouble(), prepared.mean().ToDouble(), 1e-5);
        var flat = prepared.flatten();
        foreach (var (at, value) in expected.Numbers("at").Zip(expected.Numbers("values"))) Assert.Equal(value, flat[(long)at].ToDouble(), 1e-5);
    }

    [Fact]
    public void TensorsArePreparedAlmostAsPicturesAre()
    {
        using var scope = NewDisposeScope();
        using var clip = new ClipModel(SmallText, Small with { Side = 224, Patch = 112 });
        var picture = new Petals(Split.Test, 1).Picture(0);
        // A picture is rounded to 8 bits between its rows' and its columns' filter.
        Assert.True((clip.Preprocess(picture) - clip.Preprocess(picture.ToTensor())).abs().max().ToDouble() < 0.03);
    }

    [Fact]
    public void TextsAndPicturesBecomeVectorsOfLengthOne()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tokenizer = ClipTokenizer.Load(TextFixtures.Path("clip/vocab.json"), TextFixtures.Path("clip/merges.txt"));
        var text = SmallText with { VocabularySize = tokenizer.Vocabulary.Count, EndId = tokenizer.EndId, Positions = 77 };
        using var clip = new Clip(FormulaWeights.Fill(new ClipModel(text, Small)), tokenizer);
        var (pictures, texts) = (clip.EmbedPictures(MetricsFixtures.Float(3, 2, 3, 64, 64)), clip.EmbedTexts(["a flower", ""]));
        Assert.Equal([2, 24], pictures.shape);
        Assert.Equal([2, 24], texts.shape);
        Assert.True((cat([pictures, texts]).norm(1) - 1).abs().max().ToDouble() < 1e-5);
    }

    [Fact]
    public void PicturesAndMeasuresThatDoNotFitAreNamed()
    {
        using var encoder = new ClipVisionEncoder(Small);
        using var picture = zeros(1, 3, 12, 8);
        Assert.Contains("[B, 3, 12, 12], and was given [1, 3, 12, 8]", Assert.Throws<CourseException>(() => encoder.forward(picture)).Message);
        Assert.Contains("Side is 13 and Patch is 4", Assert.Throws<CourseException>(() => new ClipVisionEncoder(Small with { Side = 13 })).Message);
        Assert.Contains("Heads is 5", Assert.Throws<CourseException>(() => new ClipVisionEncoder(Small with { Heads = 5 })).Message);
        Assert.Contains("24 for texts and 25 for pictures", Assert.Throws<CourseException>(() => new ClipModel(SmallText, Small with { Projection = 25 })).Message);
    }

    [Fact]
    public void PublishedConfigurationsAreRead()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], """{"projection_dim": 768, "text_config": {}, "vision_config": {"hidden_size": 1024, "image_size": 224, "patch_size": 14, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096, "hidden_act": "quick_gelu"}}""");
        Assert.Equal(new ClipVisionConfig(224, 14, 1024, 24, 16, 4096, 768), ClipVisionConfig.Load(folder["config.json"]));
        File.WriteAllText(folder["config.json"], "{}");
        Assert.Equal(ClipVisionConfig.Base, ClipVisionConfig.Load(folder["config.json"]));
    }

    [Fact]
    public void EncodingLeavesNoTensorBehind()
    {
        using var outer = NewDisposeScope();
        using var encoder = Encoder();
        using var pictures = MetricsFixtures.Float(500, 2, 3, 12, 12);
        using var scope = NewDisposeScope();
        _ = encoder.forward(pictures);
        Assert.Equal(3, scope.DisposablesCount);
    }
}
