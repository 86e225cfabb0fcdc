using System.Text.Json;
using ImageGen.Gan;
using ImageGen.Layers;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests.Gan;

/// <summary>Both networks against the published table, and against PyTorch's values (make_gan.py).</summary>
public sealed class GanNetworksTests
{
    private static readonly GanConfig Tiny = new() { TextWidth = 6, TextCode = 5, NoiseWidth = 4, GeneratorWidth = 4, DiscriminatorWidth = 4 };

    private static readonly JsonElement Expected =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "gan.json"))).RootElement;

    public static TheoryData<TextMatching, DiscriminatorNorm> Heads
    {
        get
        {
            var heads = new TheoryData<TextMatching, DiscriminatorNorm>();
            foreach (var matching in Enum.GetValues<TextMatching>())
                foreach (var norm in Enum.GetValues<DiscriminatorNorm>()) heads.Add(matching, norm);
            return heads;
        }
    }

    [Fact]
    public void At_full_width_the_generator_is_the_published_table()
    {
        using var generator = new GanGenerator(new GanConfig());
        Assert.Equal(4_756_736, generator.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(
            ["text.linear.weight 128×1024", "text.linear.bias 128", "text.norm.weight 128", "text.norm.bias 128",
             "block1.conv.weight 228×512×4×4", "block1.norm.weight 512", "block1.norm.bias 512",
             "block2.conv.weight 512×256×4×4", "block2.norm.weight 256", "block2.norm.bias 256",
             "block3.conv.weight 256×128×4×4", "block3.norm.weight 128", "block3.norm.bias 128",
             "block4.conv.weight 128×64×4×4", "block4.norm.weight 64", "block4.norm.bias 64", "last.weight 64×3×4×4"],
            Names(generator));
    }

    [Fact]
    public void At_full_width_the_discriminator_is_the_published_table()
    {
        using var discriminator = new GanDiscriminator(new GanConfig());
        Assert.Equal(2_899_072, discriminator.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(
            ["conv1.weight 64×3×4×4", "conv2.weight 128×64×4×4", "norm2.weight 128", "norm2.bias 128",
             "conv3.weight 256×128×4×4", "norm3.weight 256", "norm3.bias 256", "conv4.weight 512×256×4×4", "norm4.weight 512", "norm4.bias 512",
             "text.linear.weight 128×1024", "text.linear.bias 128", "text.norm.weight 128", "text.norm.bias 128", "score.weight 1×640×4×4"],
            Names(discriminator));
    }

    [Fact]
    public void Smoothed_pictures_are_the_resized_ones_weighed_by_binomials()
    {
        using var scope = NewDisposeScope();
        var (plain, smooth) = (Generator(Upsampling.Resized), Generator(Upsampling.Smoothed));
        var (noise, text) = (randn(2, Tiny.NoiseWidth), randn(2, Tiny.TextWidth));
        var maps = nn.functional.pad(plain.call(noise, text).atanh(), [1, 1, 1, 1], PaddingModes.Replicate);
        var filter = (tensor(new float[] { 1, 2, 1, 2, 4, 2, 1, 2, 1 }) / 16).view(1, 1, 3, 3).repeat(3, 1, 1, 1);
        Assert.True(nn.functional.conv2d(maps, filter, groups: 3).tanh().allclose(smooth.call(noise, text), 1e-4, 1e-5));

        static GanGenerator Generator(Upsampling upsampling) => FormulaWeights.Fill(new GanGenerator(Tiny with { Upsampling = upsampling }));
    }

    [Theory]
    [InlineData(Upsampling.Transposed)]
    [InlineData(Upsampling.Resized)]
    public void The_generator_draws_what_the_reference_draws(Upsampling upsampling)
    {
        using var scope = NewDisposeScope();
        var generator = FormulaWeights.Fill(new GanGenerator(Tiny with { Upsampling = upsampling }));
        generator.train();
        var pictures = generator.call(Numbers(1, 4, 4), Numbers(2, 4, 6));
        Assert.Equal([4, 3, 64, 64], pictures.shape);
        AssertClose(Expected.GetProperty("generator").GetProperty($"{upsampling}"), pictures.flatten()[TensorIndex.Slice(step: 997)]);
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public void The_discriminator_scores_as_the_reference(TextMatching matching, DiscriminatorNorm norm)
    {
        using var scope = NewDisposeScope();
        var discriminator = FormulaWeights.Fill(new GanDiscriminator(Tiny with { Matching = matching, Norm = norm }));
        using (no_grad())
            foreach (var (name, u) in discriminator.named_buffers())
                if (name.EndsWith(".u", StringComparison.Ordinal)) u.copy_(nn.functional.normalize(FormulaNumbers.Tensor(50, u.shape), dim: 0));
        discriminator.train();
        AssertClose(Expected.GetProperty("discriminator").GetProperty($"{matching} {norm}"), discriminator.call(Numbers(3, 4, 3, 64, 64), Numbers(2, 4, 6)));
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public void Only_a_head_that_is_no_sum_can_match(TextMatching matching, DiscriminatorNorm norm)
    {
        using var scope = NewDisposeScope();
        var discriminator = FormulaWeights.Fill(new GanDiscriminator(Tiny with { Matching = matching, Norm = norm }));
        discriminator.eval();
        var (pictures, texts) = (Numbers(3, 2, 3, 64, 64), Numbers(2, 2, 6) * 3);
        var straight = discriminator.call(pictures, texts).sum();
        var crossed = discriminator.call(pictures, texts.flip(0)).sum();
        // s(a, A) + s(b, B) against s(a, B) + s(b, A): equal for every sum f(picture) + g(text), whatever was learned.
        var gap = Math.Abs((straight - crossed).ToDouble());
        if (matching == TextMatching.Sum) Assert.True(gap < 1e-4, $"{gap}");
        else Assert.True(gap > 1e-3, $"{gap}");
    }

    [Fact]
    public void Spectral_normalization_makes_the_largest_singular_value_one()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var convolution = new SpectralConv2d(1, 6, 3);
        // Many passes: each is one step of the power iteration.
        for (var i = 0; i < 200; i++) convolution.call(zeros(1, 1, 3, 3));
        convolution.eval();
        // A 3×3 picture with one pixel set reads one column of the 6×9 matrix.
        var matrix = convolution.call(eye(9).view(9, 1, 3, 3)).view(9, 6);
        Assert.Equal(1, linalg.svdvals(matrix)[0].ToDouble(), 1e-4);
    }

    [Theory]
    [InlineData(nameof(GanConfig.NoiseWidth))]
    [InlineData(nameof(GanConfig.TextWidth))]
    [InlineData(nameof(GanConfig.GeneratorWidth))]
    public void A_measure_of_nothing_is_named(string name)
    {
        var config = name switch
        {
            nameof(GanConfig.NoiseWidth) => Tiny with { NoiseWidth = 0 },
            nameof(GanConfig.TextWidth) => Tiny with { TextWidth = -1 },
            _ => Tiny with { GeneratorWidth = 0 },
        };
        Assert.Contains(name, Assert.Throws<CourseException>(() => new GanGenerator(config)).Message);
    }

    private static Tensor Numbers(ulong stream, params long[] shape) => FormulaNumbers.Tensor(stream, shape).to(ScalarType.Float32);

    private static string[] Names(nn.Module network) => [.. network.named_parameters().Select(p => $"{p.name} {string.Join('×', p.parameter.shape)}")];

    private static void AssertClose(JsonElement expected, Tensor actual)
    {
        var right = expected.EnumerateArray().Select(value => value.GetDouble()).ToArray();
        var values = actual.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
        Assert.Equal(right.Length, values.Length);
        var largest = right.Max(Math.Abs);
        for (var i = 0; i < right.Length; i++) Assert.True(Math.Abs(right[i] - values[i]) <= 1e-4 * largest, $"value {i}: {values[i]}, and {right[i]} is right");
    }
}
