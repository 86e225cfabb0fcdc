using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>How a BERT learns from pictures that have several captions each.</summary>
public sealed record CaptionPairOptions
{
    /// <summary>Steps, at least 1.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>Pictures a step, at least 2; each brings two of its captions.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The highest rate: it rises over the first twentieth of the steps and falls along a cosine from there.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>The weight of the second exercise, finding the other caption of the same picture; 0 leaves it out.</summary>
    public double PairWeight { get; init; } = 0.5;

    /// <summary>The contrast of that exercise: the smaller, the more the nearest wrong captions count.</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>The seed of its random numbers.</summary>
    public int Seed { get; init; } = Seeds.Default;

    internal void Check()
    {
        if (Steps < 1) throw new CourseException($"Steps is {Steps}: it must be at least 1.");
        if (BatchSize < 2) throw new CourseException($"BatchSize is {BatchSize}: it must be at least 2.");
        if (LearningRate is not (> 0 and < 1)) throw new CourseException($"LearningRate is {LearningRate}: it must be above 0 and below 1.");
        if (PairWeight is not (>= 0 and < 1e6)) throw new CourseException($"PairWeight is {PairWeight}: it must be 0 or more.");
        if (Temperature is not (> 0 and < 1e6)) throw new CourseException($"Temperature is {Temperature}: it must be above 0.");
    }
}

/// <summary>
/// Two exercises in one reading. Of each picture two captions are read, in both of which words are hidden. The first
/// exercise is BERT's own, to guess those words (Devlin and others, arXiv 1810.04805). The second asks which of the
/// batch's captions belong to the same picture (Oord and others, arXiv 1807.03748; for sentences, Gao and others, arXiv
/// 2104.08821): it brings sentence vectors that mean the same near each other, whatever words say it. Neither needs a
/// label; the second needs to know which captions belong together, which a bare text would not tell.
/// </summary>
public sealed class CaptionPairTraining
{
    private readonly BertText text;
    private readonly IReadOnlyList<IReadOnlyList<string>> captions;
    private readonly CaptionPairOptions options;

    /// <summary>Prepares the exercises; the model is not touched.</summary>
    /// <param name="text">A model with its vocabulary.</param>
    /// <param name="captions">The captions of each picture, at least two different ones.</param>
    /// <param name="options">How.</param>
    /// <exception cref="CourseException">An option is out of range, a picture has no two captions, or there are fewer pictures than a batch has.</exception>
    public CaptionPairTraining(BertText text, IReadOnlyList<IReadOnlyList<string>> captions, CaptionPairOptions? options = null)
    {
        (this.text, this.captions, this.options) = (text, captions, options ?? new());
        this.options.Check();
        if (captions.Count < this.options.BatchSize)
            throw new CourseException($"There are {captions.Count} pictures, fewer than one batch of {this.options.BatchSize}: add pictures, or set BatchSize to {captions.Count} or less.");
        for (var i = 0; i < captions.Count; i++)
            if (captions[i].Count < 2) throw new CourseException($"Picture {i} has {captions[i].Count} caption{(captions[i].Count == 1 ? "" : "s")}: pairs need two.");
    }

    /// <summary>The numbers each step reports: both cross entropies in nats, and the share of hidden words and of other captions found.</summary>
    public static IReadOnlyList<string> LossNames { get; } = ["words", "pairs", "words right", "pairs right"];

    /// <summary>Steps done, with those before an interruption.</summary>
    public int StepsDone { get; private set; }

    /// <summary>Trains the model in place; afterwards it is in evaluation mode.</summary>
    /// <param name="progress">Told of the steps; may be null.</param>
    /// <param name="cancellation">Stops before the next step; what was learned stays.</param>
    /// <param name="state">Where all that is needed to go on is kept, every 200 steps; nowhere when not given.</param>
    /// <param name="resume">Whether to go on from there: the result is the same to the bit as without the interruption.</param>
    /// <returns>The losses of the steps done now, and all the time spent.</returns>
    /// <exception cref="CourseException">A loss is no number, or the state cannot be read or written.</exception>
    public LoopResult Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default, string? state = null, bool resume = false)
    {
        using var scope = NewDisposeScope();
        var model = text.Model;
        using var optimizer = optim.AdamW(model.parameters(), lr: options.LearningRate, weight_decay: 0.01);
        var whole = new TrainingState().Add("model", model).Add("adam", optimizer);
        whole.Resume(resume, state);
        var loop = new TrainingLoop(options.Steps, LossNames, whole,
        [
            new LearningRateSchedule(optimizer, Rate),
            new StepSeeds(options.Seed), // for dropout
            new StateSaving(state, every: 200),
            new ProgressReports(progress),
            new Cancellation(cancellation),
        ]);
        model.train();
        try
        {
            return loop.Run(Step);
        }
        finally
        {
            model.eval();
            StepsDone = whole.Step;
        }

        double Rate(int step) => options.LearningRate * LearningRates.Cosine(step, options.Steps, options.Steps / 20);

        Tensor Step(int step)
        {
            var losses = Losses(step);
            optimizer.zero_grad();
            (losses[0] + losses[1] * options.PairWeight).backward();
            Gradients.ClipNorm(model.parameters(), 1);
            optimizer.step();
            return losses.detach();
        }
    }

    /// <summary>The step's losses and shares, <c>[4]</c>. All its chance follows from the seed and its number.</summary>
    private Tensor Losses(int step)
    {
        var (model, seed) = (text.Model, Seeds.At(options.Seed, step));
        var rows = Pairs(new SplitMix64((ulong)seed)).ConvertAll(caption => text.Tokenizer.Encode(caption, model.Encoder.Config.Positions));
        var batch = new MaskedTokens(text.Tokenizer, unchecked((int)seed)).Next(rows, model.Encoder.WordVectors.device);
        var read = model.Encoder.forward(batch.Tokens);

        var words = model.Scores(read.Sequence[batch.Hidden]); // [N, V]
        var wordLoss = nn.functional.cross_entropy(words, batch.Answers);

        var vectors = nn.functional.normalize(read.Mean(batch.Tokens.Mask), dim: 1);                       // [2B, W]
        var pairs = vectors[..options.BatchSize].matmul(vectors[options.BatchSize..].T) / options.Temperature; // [B, B]: cos / τ
        var own = arange(options.BatchSize, device: pairs.device);
        var pairLoss = (nn.functional.cross_entropy(pairs, own) + nn.functional.cross_entropy(pairs.T, own)) / 2;
        return stack([wordLoss, pairLoss, Right(words, batch.Answers), Right(pairs, own)]);
    }

    private static Tensor Right(Tensor scores, Tensor answers) => scores.detach().argmax(-1).eq(answers).to(ScalarType.Float32).mean();

    // Different pictures, and of each two of its captions: first every picture's one, then every picture's other.
    private List<string> Pairs(SplitMix64 random)
    {
        var chosen = new HashSet<int>();
        while (chosen.Count < options.BatchSize) chosen.Add(random.Next(captions.Count));
        var pairs = chosen.Select(picture =>
        {
            var own = captions[picture];
            var (first, second) = (random.Next(own.Count), random.Next(own.Count - 1));
            return (First: own[first], Second: own[second < first ? second : second + 1]);
        }).ToList();
        return [.. pairs.Select(pair => pair.First), .. pairs.Select(pair => pair.Second)];
    }
}
