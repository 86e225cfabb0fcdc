using ImageGen.Course.Notebooks;
using ImageGen.Course.Running;

namespace ImageGen.Tests.Commands;

/// <summary>A lesson at full scale that was stopped goes on with its trainings.</summary>
public sealed class StatesTests : IDisposable
{
    private static readonly string Opening =
        $"#r \"{typeof(ImageGen.Runtime.KernelInterrupt).Assembly.Location}\"\n#r \"{typeof(TorchSharp.torch).Assembly.Location}\"\n"
        + "using System.IO; using System.Threading; using ImageGen.Data; using ImageGen.Gan; using ImageGen.Text; using ImageGen.Training;";

    // The first time it stops after a step and the next cell fails: what a crash or Ctrl-C leaves behind.
    private const string Train = """
        class Watch(Action seen) : IProgress<TrainingProgress> { public void Report(TrainingProgress value) => seen(); }
        var stop = new CancellationTokenSource();
        var flowers = new Petals(Split.Train, 12);
        var bag = BagOfWords.Learn(flowers.Captions(0));
        var trainer = new GanTrainer(GanConfig.Small(bag.Width) with { GeneratorWidth = 4, DiscriminatorWidth = 4 }, flowers, bag, GanOptions.Petals with { Steps = 3, BatchSize = 4 });
        var losses = trainer.Run(new Watch(() => { if (!File.Exists("../again")) stop.Cancel(); }), cancellation: stop.Token).Losses;
        """;

    private const string Show = """
        if (!File.Exists("../again")) throw new InvalidOperationException("stopped");
        Console.WriteLine(string.Join(" ", losses.Steps.Select(step => step.Sum().ToString("R"))) + " " + TorchSharp.torch.rand(1).item<float>());
        """;

    private readonly TestCourse course = new();

    private string States => Path.Combine(course.Out, "states", "00-gan");

    [Fact]
    public async Task What_was_stopped_goes_on_and_what_has_ended_begins_anew()
    {
        course.Notebook("00-gan.ipynb", Opening, Train, Show);
        var stopped = await course.Run("run", "--scale", "full");
        Assert.Equal(1, stopped.ExitCode);
        Assert.Contains("the same command goes on with it", stopped.Errors);
        Assert.Single(Directory.EnumerateFiles(States));

        File.WriteAllText(Path.Combine(course.Root, "again"), "");
        var (said, resumed) = await Passed();
        Assert.Contains("goes on after step 1 of 3", said);
        Assert.False(Directory.Exists(States));
        var (nothing, whole) = await Passed();
        Assert.Equal(("", whole), (nothing, resumed));
    }

    [Fact]
    public async Task Other_code_and_other_scales_take_nothing_up()
    {
        course.Notebook("00-gan.ipynb", Opening, Train, Show);
        await course.Run("run", "--scale", "full");
        var kept = Assert.Single(Directory.EnumerateFiles(States));
        await course.Run("run", "--scale", "smoke");
        Assert.Equal([kept], Directory.EnumerateFiles(States));

        course.Notebook("00-gan.ipynb", Opening, Train.Replace("GanOptions.Petals with {", "GanOptions.Petals with { Seed = 8,"), Show);
        File.WriteAllText(Path.Combine(course.Root, "again"), "");
        var (said, _) = await Passed();
        Assert.Contains("this cell begins anew", said);
        Assert.DoesNotContain("goes on after", said);
    }

    [Fact]
    public void A_state_has_a_name_of_its_code_and_of_all_before_it()
    {
        using var folder = new TemporaryFolder();
        string[] Names(params string[] cells)
        {
            var states = new CellStates(folder.Path);
            return [.. cells.Select((code, i) => states.PathOf(i + 1, code, out _))];
        }
        var names = Names("a", "b", "c");
        Assert.Equal(names, Names("a", "b", "c"));
        var changed = Names("a", "b2", "c");
        Assert.Equal(names[0], changed[0]);
        Assert.NotEqual(names[1], changed[1]);
        Assert.NotEqual(names[2], changed[2]);
    }

    public void Dispose() => course.Dispose();

    // What the training's cell said, and the losses and the chance after it.
    private async Task<(string Said, string Shown)> Passed()
    {
        var run = await course.Run("run", "--scale", "full");
        Assert.True(run.ExitCode == 0, run.Errors);
        var cells = Notebook.Read(Path.Combine(course.Out, "00-gan.ipynb")).CodeCells.ToArray();
        string Said(NotebookCell cell) => string.Concat(cell.Outputs.Where(o => (string?)o!["output_type"] == "stream").Select(o => NotebookCell.Text(o!["text"])));
        return (Said(cells[1]), Said(cells[2]));
    }
}
