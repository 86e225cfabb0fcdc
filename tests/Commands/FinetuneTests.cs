using ImageGen.Adapters;
using ImageGen.Course.CommandLine;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Imaging;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Tests.Commands;

/// <summary>The command from end to end, on a small model.</summary>
public sealed class FinetuneTests : IDisposable
{
    private readonly TestCourse course = new();

    public FinetuneTests()
    {
        using var scope = NewDisposeScope();
        using var model = DiffusionFixtures.Small();
        StableDiffusion.Save(model, In("model"), ScalarType.Float32);
        OwnPictures.Write(In("mine"), new Petals(Split.Train, 4, side: 24));
    }

    public void Dispose() => course.Dispose();

    [Fact]
    public async Task Pictures_become_a_lora_with_its_provenance_and_a_picture_and_it_goes_on()
    {
        var run = await course.Run("finetune", "mine", "--model", "model", "--output", "my lora.safetensors", "--steps", "3", "--rank", "2", "--quantize", "--prompt", "a red flower");
        Assert.True(run.ExitCode == 0, run.Errors);
        foreach (var part in new[] { "4 pictures, cut to 16 × 16. 3 steps see 3 of them, with 6 different captions", "Memory: ", "A trial step took", "3/3", "my lora.png shows both" }) Assert.Contains(part, run.Output);
        var provenance = Provenance.Read(In("my lora.json"));
        Assert.Equal((3, "my lora"), (provenance.Steps, provenance.Name));
        Assert.Contains("--prompt \"a red flower\"", provenance.Command);
        Assert.Contains("QLoRA of rank 2", provenance.About);
        Assert.Contains("3 of its 4 pictures, cut to 16 × 16", provenance.Data);
        Assert.True(Picture.Load(In("my lora.png")).Width >= 2 * 256);
        using (var scope = NewDisposeScope())
        {
            using var model = StableDiffusion.Open(In("model"), CPU);
            using var lora = LoraFile.Attach(model.UNet, In("my lora.safetensors"));
            Assert.Equal(2, lora.Layers.Values.First().Rank);
        }
        var more = await course.Run("finetune", "mine", "--model", "model", "--output", "my lora.safetensors", "--steps", "5", "--rank", "2", "--quantize", "--resume");
        Assert.True(more.ExitCode == 0, more.Errors);
        Assert.Contains("5/5", more.Output);
        Assert.Contains("5 steps see 4 of them", more.Output);
        Assert.Contains("Encoding pictures: 3 of 4", more.Output);
        var other = await course.Run("finetune", "mine", "--model", "model", "--output", "my lora.safetensors", "--steps", "5", "--rank", "4", "--quantize", "--resume");
        Assert.Equal((1, true), (other.ExitCode, other.Line.Contains("Rank is 4, and 2 in the training", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_model_in_float16_is_taught_as_well()
    {
        var run = await course.Run("finetune", "mine", "--model", "model", "--output", "half.safetensors", "--steps", "2", "--rank", "2", "--type", "float16");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Contains("2/2", run.Output);
        Assert.True(Assert.Single(Provenance.Read(In("half.json")).Metrics).Value > 0);
        using var file = WeightFile.Open(In("half.safetensors"));
        Assert.Contains("--type float16", file.Metadata["command"]);
        Assert.True(File.Exists(In("half.png")));
    }

    [Fact]
    public async Task A_finished_lora_whose_picture_was_stopped_gets_it_with_resume()
    {
        string[] arguments = ["finetune", "mine", "--model", "model", "--output", "a.safetensors", "--steps", "2", "--rank", "2"];
        var run = await course.Run(arguments);
        Assert.True(run.ExitCode == 0, run.Errors);
        var loss = Assert.Single(Provenance.Read(In("a.json")).Metrics).Value;
        File.Delete(In("a.png"));

        // Ctrl-C as soon as the picture is begun: half of its noise is no picture.
        var stopped = new FinetuneRun(In("model"), PictureFolder.Open(In("mine"), 16), new(In("a.safetensors")), new() { Steps = 2, Rank = 2 }, [], Resume: true, "a test");
        Assert.Equal(130, stopped.Go(new CancellationToken(canceled: true)));
        Assert.False(File.Exists(In("a.png")));

        var resumed = await course.Run([.. arguments, "--resume"]);
        Assert.True(resumed.ExitCode == 0, resumed.Errors);
        Assert.True(File.Exists(In("a.png")));
        Assert.Equal(loss, Assert.Single(Provenance.Read(In("a.json")).Metrics).Value); // nothing was learned anew
    }

    [Theory]
    [InlineData("mine", "--output lora.pt", "a LoRA file ends in .safetensors")]
    [InlineData("mine", "--output a.safetensors --rank 0", "Rank is 0")]
    [InlineData("mine", "--output a.safetensors --type float64", "bfloat16, float16 or float32")]
    [InlineData("mine", "--output a.safetensors --resume", "no training to go on with")]
    [InlineData("mine", "--output a.safetensors --resolution 18", "multiples of 4")]
    [InlineData("mine", "--output model/model_index.json/a.safetensors", "Nothing can be written beside")]
    [InlineData("mine", "--output a.safetensors --model nothing", "There is no model 'nothing'")]
    [InlineData("nothing", "--output a.safetensors", "The folder 'nothing' does not exist")]
    [InlineData("model", "--output a.safetensors", "has no pictures")]
    [InlineData("mine", "--steps 3", "--output")]
    public async Task What_is_wrong_is_said_in_a_line_before_anything_is_done(string pictures, string arguments, string expected)
    {
        string[] all = ["finetune", pictures, .. arguments.Split(' '), .. arguments.Contains("--model", StringComparison.Ordinal) ? (string[])[] : ["--model", "model"]];
        var run = await course.Run(all);
        Assert.NotEqual(0, run.ExitCode);
        Assert.StartsWith("course: ", run.Line);
        Assert.Contains(expected, run.Line);
        Assert.False(File.Exists(In("a.safetensors")));
    }

    [Fact]
    public async Task A_picture_without_a_caption_is_named()
    {
        File.Delete(In("mine/2.txt"));
        var run = await course.Run("finetune", "mine", "--model", "model", "--output", "a.safetensors");
        Assert.Contains("The picture '2.png' in 'mine' has no caption", run.Line);
    }

    private string In(string name) => Path.Combine(course.Root, name);
}
