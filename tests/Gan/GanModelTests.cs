using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests.Gan;

public sealed class GanModelTests
{
    private static readonly Petals Flowers = new(Split.Train, 12);
    private static readonly BagOfWords Words = BagOfWords.Learn(Enumerable.Range(0, 12).SelectMany(Flowers.Captions));
    private static readonly GanConfig Tiny = GanConfig.Small(Words.Width) with { TextCode = 8, NoiseWidth = 5, GeneratorWidth = 4, DiscriminatorWidth = 4 };

    private static string Saved(TemporaryFolder folder, ICaptionEncoder? encoder = null)
    {
        using var scope = NewDisposeScope();
        encoder ??= Words;
        using var trainer = new GanTrainer(Tiny with { TextWidth = encoder.Width }, Flowers, encoder, GanOptions.Petals with { BatchSize = 4, Steps = 2 });
        trainer.Run(cancellation: TestContext.Current.CancellationToken);
        var (tensors, notes) = GanModel.Pack(trainer, encoder);
        SafeTensors.Save(folder["gan.safetensors"], tensors, ScalarType.Float16, notes);
        foreach (var value in tensors.Values) value.Dispose();
        return folder["gan.safetensors"];
    }

    [Fact]
    public void Any_text_is_drawn_and_the_same_text_the_same()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var file = WeightFile.Open(Saved(folder));
        using var model = GanModel.Open(file);
        string[] captions = ["a red flower", "", "🌷🌹", "một bông hoa đỏ", string.Join(' ', Enumerable.Repeat("petals", 1500)), "a red flower"];
        var pictures = model.Draw(captions, seed: 3, sameNoise: true);
        Assert.Equal([6, 3, 64, 64], pictures.shape);
        Assert.True(pictures.isfinite().all().item<bool>());
        Assert.True(pictures.abs().max().item<float>() <= 1);
        Assert.True(pictures[0].allclose(pictures[5], 1e-4, 1e-5)); // a product's rows may round differently by their place
        Assert.False(pictures[0].equal(pictures[1]).all().item<bool>());
        Assert.Equal(model.Draw("a red flower", seed: 3), model.Draw("a red flower", seed: 3));
        Assert.NotEqual(model.Draw("a red flower", seed: 3), model.Draw("a red flower", seed: 4));
        Assert.Throws<CourseException>(() => model.Draw([]));
    }

    [Fact]
    public void A_file_of_something_else_or_of_another_width_is_refused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = Saved(folder);
        using var right = WeightFile.Open(path);
        SafeTensors.Save(folder["other.safetensors"], new GanGenerator(Tiny));
        using var other = WeightFile.Open(folder["other.safetensors"]);
        Assert.Contains("no checkpoint of a GAN", Assert.Throws<CourseException>(() => GanModel.Open(other)).Message);

        // The notes of one width with the tensors of another.
        using var trainer = new GanTrainer(Tiny with { GeneratorWidth = 6 }, Flowers, Words, GanOptions.Petals with { BatchSize = 4 });
        SafeTensors.Save(folder["mixed.safetensors"], GanModel.Pack(trainer, Words).Tensors, metadata: right.Metadata);
        using var mixed = WeightFile.Open(folder["mixed.safetensors"]);
        Assert.Contains("conv.weight (file [13, 48, 4, 4], model [13, 32, 4, 4])", Assert.Throws<CourseException>(() => GanModel.Open(mixed)).Message);
    }

    [Fact]
    public void A_training_may_begin_with_another_encoders_checkpoint()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var file = WeightFile.Open(Saved(folder));
        var fewer = new BagOfWords(["red", "blue", "petals"]);
        using var trainer = new GanTrainer(Tiny with { TextWidth = 3 }, Flowers, fewer, GanOptions.Petals with { BatchSize = 4 }, file);
        Assert.True(trainer.Generator.state_dict()["last.weight"].equal(file.Read("generator:last.weight", type: ScalarType.Float32)).all().item<bool>());
        Assert.True(trainer.Discriminator.state_dict()["conv1.weight"].equal(file.Read("discriminator:conv1.weight", type: ScalarType.Float32)).all().item<bool>());
        Assert.Equal([8, 3], trainer.Generator.state_dict()["text.linear.weight"].shape);
        Assert.True(trainer.Average.Averages["last.weight"].equal(trainer.Generator.state_dict()["last.weight"]).all().item<bool>());
    }

    [Fact]
    public void Remembered_vectors_are_the_encoders_and_read_once()
    {
        using var scope = NewDisposeScope();
        var counting = new Counting(Words);
        var remembered = new RememberedVectors(counting, most: 2);
        string[] captions = ["a red flower", "", "a blue flower", "a red flower"];
        Assert.True(remembered.Encode(captions).equal(Words.Encode(captions)).all().item<bool>());
        Assert.Equal(3, counting.Read);
        Assert.True(remembered.Encode(captions).equal(Words.Encode(captions)).all().item<bool>());
        Assert.Equal(4, counting.Read); // the third did not fit
    }

    private sealed class Counting(ICaptionEncoder inner) : ICaptionEncoder
    {
        public int Read { get; private set; }
        public string Name => inner.Name;
        public int Width => inner.Width;

        public Tensor Encode(IReadOnlyList<string> captions)
        {
            Read += captions.Count;
            return inner.Encode(captions);
        }
    }
}
