using ImageGen.Data;
using ImageGen.Gan;
using ImageGen.Imaging;
using ImageGen.Course.CommandLine;
using ImageGen.Course.Recipes;
using ImageGen.Tests.Commands;
using ImageGen.Text;
using ImageGen.Training;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Tests.Gan;

/// <summary><c>./course train dcgan-flowers102</c> on small files in the true formats: seventy-two photographs of eight species.</summary>
public sealed class FlowersDcganTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void It_trains_stops_goes_on_and_writes_what_can_be_drawn_with()
    {
        Downloaded("cvpr2016_flowers.tar.gz");
        Assert.Equal(45, Photographs().Count); // five species of nine
        Assert.Equal(0, Train("whole", steps: 3));
        Assert.Equal(130, Train("parts", steps: 3, stopAtFirst: true));
        Assert.True(File.Exists(folder["parts/state.safetensors"]));
        Assert.False(File.Exists(folder["parts/dcgan-flowers102.safetensors"])); // only a finished training writes it
        Assert.Equal(0, Train("parts", steps: 3, resume: true));

        var (whole, parts) = (Provenance.Read(folder["whole/dcgan-flowers102.json"]), Provenance.Read(folder["parts/dcgan-flowers102.json"]));
        Assert.Equal((3, "dcgan-flowers102", "./course train dcgan-flowers102 --steps 3 --seed 5"), (parts.Steps, parts.Name, parts.Command));
        Assert.Equal(whole.Sha256, parts.Sha256); // the same file, to the bit
        Assert.Equal(new FileInfo(folder["parts/dcgan-flowers102.safetensors"]).Length, parts.Bytes);
        Assert.Empty(parts.Metrics); // the judge knows drawn flowers only
        Assert.True(Picture.Load(folder["parts/sample.png"]).Width >= 4 * 64); // eight captions, four in a row

        using var scope = NewDisposeScope();
        using var file = WeightFile.Open(folder["whole/dcgan-flowers102.safetensors"]);
        using var model = GanModel.Open(file);
        // What comes thirty times in 450 captions: the words of all of them, each number of times, and each kind ninety times.
        var terms = ((BagOfWords)model.Encoder).Terms;
        Assert.All(["flower", "of", "kind", "times", "9", "of kind", "9 times", "kind 5"], term => Assert.Contains(term, terms));
        Assert.DoesNotContain("flower 40", terms); // that comes ten times
        Assert.Equal((64, 64), (model.Generator.Config.GeneratorWidth, model.Generator.Config.DiscriminatorWidth));
        var drawn = model.Draw(["flower of kind 1", "flower of kind 5"], sameNoise: true);
        Assert.Equal([2, 3, 64, 64], drawn.shape);
        Assert.InRange(drawn.abs().max().item<float>(), 0.01, 1);
        Assert.False(AdapterFixtures.Same(drawn[0], drawn[1])); // the text counts
    }

    [Fact]
    public void Without_the_captions_it_learns_the_species_names()
    {
        Downloaded();
        Assert.True(Photographs().Count >= 32);
        Assert.Equal(0, Train("names", steps: 1));
        using var file = WeightFile.Open(folder["names/dcgan-flowers102.safetensors"]);
        using var model = GanModel.Open(file);
        Assert.Contains("a photograph", ((BagOfWords)model.Encoder).Terms);
    }

    [Fact]
    public async Task Photographs_that_were_not_fetched_are_asked_for_in_a_line()
    {
        using var course = new TestCourse();
        course.Variables["IMAGEGEN_CACHE"] = folder["empty"];
        course.Variables["IMAGEGEN_SHARED_CACHE"] = "";
        var run = await course.Run("train", "dcgan-flowers102", "--steps", "1", "--output", folder["out"]);
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("course: Flowers-102 is not in the cache", run.Line);
        Assert.EndsWith("fetch it with ./course data fetch flowers102.", run.Line);
        Assert.False(Directory.Exists(folder["out"]));
    }

    private void Downloaded(params string[] more)
    {
        Directory.CreateDirectory(folder["flowers102"]);
        foreach (var name in (string[])["102flowers.tgz", "imagelabels.mat", "setid.mat", .. more])
            File.Copy(Path.Combine(AppContext.BaseDirectory, "Fixtures", "flowers102", "many", name), folder[$"flowers102/{name}"]);
    }

    private Flowers102 Photographs() => Flowers102.Open(folder["flowers102"], Split.Train);

    // As the command does it, but for where the photographs and the state are.
    private int Train(string name, int steps, bool stopAtFirst = false, bool resume = false)
    {
        Directory.CreateDirectory(folder[name]);
        using var stop = new CancellationTokenSource();
        var lines = new Lines(new TrainingLines(folder[name]), stopAtFirst ? stop.Cancel : () => { });
        return TrainCommand.Train(new FlowersDcgan(Photographs), new(steps, Seed: 5, folder[name], resume, lines, stop.Token), folder[name]);
    }

    private sealed class Lines(TrainingLines inner, Action seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            inner.Report(value);
            seen(); // the first step is always reported
        }
    }
}
