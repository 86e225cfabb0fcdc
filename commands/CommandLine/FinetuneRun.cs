using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ImageGen.Adapters;
using ImageGen.Course.Recipes;
using ImageGen.Course.Running;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Training;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Course.CommandLine;

/// <summary>A fine-tuning from checked inputs to the written file.</summary>
internal sealed record FinetuneRun(
    string Model, ICaptionedPictures Pictures, FinetuneOutput Output, FineTuneOptions Options, IReadOnlyList<string> Prompts, bool Resume, string Command)
{
    private IReadOnlyList<string> Asked => Prompts.Count > 0 ? Prompts : [Pictures.Captions(0)[0]];

    private IReadOnlyList<int> PicturesSeen() => FineTuning.PicturesSeen(Pictures.Count, Options);

    public int Go(CancellationToken cancel)
    {
        var seen = PicturesSeen();
        var captions = seen.SelectMany(i => Pictures.Captions(i).Take(Options.CaptionsPerPicture)).Distinct().Count();
        Console.WriteLine($"{Pictures.Name}: {Pictures.Count} pictures, cut to {Pictures.Side} × {Pictures.Side}. "
            + $"{Options.Steps} steps see {seen.Count} of them, with {captions} different captions; encoded, these "
            + $"take up to {Size(FineTuning.EncodedBytes(Model, Pictures.Side, seen.Count, captions))} of memory and "
            + $"disk.");
        using var told = cancel.Register(() => Console.Error.WriteLine("course: stopping as soon as what is in hand "
            + "is done …"));
        LoopResult result;
        using (var tuning = Prepare(cancel))
        {
            if (tuning is null) return 130;
            Announce(tuning);
            result = tuning.Run(Resume, new TrainingLines(Output.Folder), cancel);
            if (result.Cancelled)
            {
                Console.Error.WriteLine("course: stopped; the state is saved. The same command with --resume goes on.");
                return 130;
            }
            LoraFile.Save(tuning.Adapter, Output.File, LoraLayout.Kohya, notes: Notes());
        }
        WriteProvenance(result);
        Console.WriteLine($"{Shown(Output.File)}: {new FileInfo(Output.File).Length / 1e6:0.0} MB. Making a picture "
            + $"without it and with it …");
        try
        {
            Compare(cancel).Save(Output.Picture);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine($"course: stopped; {Shown(Output.File)} is finished, only the picture was not "
                + $"made. The same command with --resume makes it.");
            return 130;
        }
        Console.WriteLine($"{Shown(Output.Picture)} shows both. {Shown(Output.Folder)} is of no use any more, unless "
            + $"you want to go on with more --steps.");
        return 0;
    }

    // Null when it was stopped.
    private FineTuning? Prepare(CancellationToken cancel)
    {
        try
        {
            return FineTuning.Prepare(Model, Pictures, Output.Folder, Options, new EncodingLines(), cancel);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("course: stopped; what is encoded is kept. The same command goes on.");
            return null;
        }
    }

    private void Announce(FineTuning tuning)
    {
        var memory = tuning.Forecast();
        var free = FreeMemory.On(Compute.Device);
        Console.WriteLine($"An adapter of {tuning.Adapter.ParameterCount / 1e6:0.00} million numbers on "
            + $"{Compute.Describe()}.");
        Console.WriteLine($"Memory: {Size(memory.Total)} ({Size(memory.Weights)} of weights and "
            + $"{Size(memory.Learning)} for what learns, counted; {Size(memory.Step)} for a step, "
            + $"estimated){(free is null ? "" : $"; {Size(free.Value)} are free now")}.");
        if (free + memory.Weights + memory.Learning < memory.Total)
            Console.WriteLine("That may not suffice: a smaller --resolution or --quantize needs less.");
        var step = tuning.Try();
        // Two pictures a prompt; guidance takes two forward passes; and a step of learning takes as long as two and a
        // half.
        var passes = 2 * Asked.Count * 2 * GenerationOptions.StableDiffusion.Steps;
        Console.WriteLine($"A trial step took {Time(step)}: {Options.Steps} steps will take about "
            + $"{Time(step * Options.Steps)}, and the pictures at the end "
            + $"{Time(step * (passes / 2.5 / Options.BatchSize))}. Ctrl-C stops it at any time; --resume goes on.");
    }

    // Names that programs for LoRA files show; the rest says how it was made.
    private Dictionary<string, string> Notes() => new()
    {
        ["ss_network_module"] = "networks.lora", ["ss_base_model_version"] = "sd_v1",
        ["ss_network_dim"] =
            Options.Rank.ToString(CultureInfo.InvariantCulture), ["ss_network_alpha"] = Options.Rank.ToString(
                CultureInfo.InvariantCulture),
        ["ss_steps"] = Options.Steps.ToString(CultureInfo.InvariantCulture), ["ss_seed"] = Options.Seed.ToString(
            CultureInfo.InvariantCulture),
        ["ss_num_train_images"] = PicturesSeen().Count.ToString(CultureInfo.InvariantCulture), ["command"] = Command,
    };

    private void WriteProvenance(LoopResult result)
    {
        var before = Resume && File.Exists(Output.Provenance) ? Provenance.Read(Output.Provenance) : null;
        using var stream = File.OpenRead(Output.File);
        new Provenance
        {
            Name = Output.Name, About = $"A {(Options.Quantize ? "QLoRA" : "LoRA")} of rank {Options.Rank} for the "
                + $"attention of a U-Net of Stable Diffusion 1.",
            Data = $"{Pictures.Name}, {PicturesSeen().Count} of its {Pictures.Count} pictures, cut to {Pictures.Side} "
                + $"× {Pictures.Side}, over the model {Model}", Command = Command, Commit = SourceCommit.Describe(),
            Seed =
                Options.Seed, Steps =
                    Options.Steps, Seconds =
                        Math.Round(result.Elapsed.TotalSeconds), Hardware = $"{Compute.Describe()}, "
                            + $"{RuntimeInformation.OSArchitecture}",
            // A run that found all steps done knows no loss; the one before did.
            Metrics = result.Losses.Steps.Count == 0 ? before?.Metrics ?? new Dictionary<string, double>()
                : new Dictionary<string, double> { ["loss of the last 100 steps"] = Math.Round(result.Losses.Steps.TakeLast(100).Average(step => step[0]), 4) },
            Bytes = stream.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(stream)),
        }.Write(Output.Provenance);
    }

    // From the files, as anybody would use them: the model opened anew, and the LoRA put on.
    private Picture Compare(CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var model = StableDiffusion.Open(Model);
        using var lora = LoraFile.Attach(model.UNet, Output.File);
        var side = Pictures.Side / model.Autoencoder.Config.Factor;
        var options =
            GenerationOptions.StableDiffusion with { Seed = Options.Seed, LatentHeight = side, LatentWidth = side };
        var pictures = new List<Tensor>();
        foreach (var prompt in Asked)
            foreach (var weight in new[] { 0.0, 1 })
            {
                lora.Weight = weight;
                pictures.Add(model.Generate([prompt], options, cancellation: cancel));
                // a sampler that is stopped gives what there is, and that is noise
                cancel.ThrowIfCancellationRequested();
            }
        string[] captions = [.. Asked.SelectMany(prompt => new[] { $"without: {prompt}", $"with: {prompt}" })];
        return Grid.Of(
            cat(pictures, 0), columns: 2, zoom: Math.Max(1, 256 / Pictures.Side), captions: captions,
            range: PixelRange.MinusOneToOne);
    }

    private static string Shown(string path) => Path.GetRelativePath(Environment.CurrentDirectory, path);

    private static string Time(TimeSpan time) =>
        time.TotalHours < 1 ? RunSummary.Seconds(time) : $"{(int)time.TotalHours} h {time.Minutes:00} min";

    private static string Size(long bytes) => DownloadView.Size(bytes);

    // A line at the first report of each kind, which foretells, and one at every further tenth.
    private sealed class EncodingLines : IProgress<EncodingProgress>
    {
        private (string What, int Tenth) last;

        public void Report(EncodingProgress at)
        {
            var now = (at.What, at.Done * 10 / at.Count);
            if (now == last) return;
            last = now;
            Console.WriteLine($"Encoding {at.What}: {at.Done} of "
                + $"{at.Count}{(at.Done < at.Count && at.Left is { } left ? $", about {Time(left)} to go" : "")}");
        }
    }
}
