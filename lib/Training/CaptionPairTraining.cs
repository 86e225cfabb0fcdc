using ImageGen.Data;
using ImageGen.Runtime;
using ImageGen.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Training;

/// <summary>How a BERT learns from pictures that have several captions each.</summary>
public sealed record CaptionPairOptions
{
    /// <summary>Steps, at least 1.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>Pictures a step, at least 2; each brings two of its captions.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The highest rate: it rises over the first tenth of the steps and falls to 0 from there.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The weight of the second exercise, finding the other caption of the same picture; 0 leaves it out.</summary>
    public double PairWeight { get; init; } = 1;

    /// <summary>The contrast of that exercise: the smaller, the more the nearest wrong captions count.</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>Where chance begins.</summary>
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
/// Two exercises on two captions of one picture. The first hides words in the two read as one text, so that a word
/// hidden in one can be found by what the other says in its own words (masked-language training on pairs: Devlin and
/// others, arXiv 1810.04805; on translations, Conneau and Lample, arXiv 1901.07291). The second reads them apart and asks
/// which of the batch's captions belongs to which (Oord and others, arXiv 1807.03748; for sentences, Gao and others,
/// arXiv 2104.08821): it brings sentence vectors that mean the same near each other. Neither needs a label.
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

    /// <summary>Trains the model in place; afterwards it is in evaluation mode.</summary>
    /// <param name="progress">Who watches; may be nobody.</param>
    /// <param name="cancellation">Stops before the next step; what was learned stays.</param>
    public LoopResult Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var model = text.Model;
        using var optimizer = optim.AdamW(model.parameters(), lr: options.LearningRate, weight_decay: 0.01);
        model.train();
        try
        {
            return new StepLoop(options.Steps, LossNames, progress, cancellation).Run(step =>
            {
                foreach (var group in optimizer.ParamGroups) group.LearningRate = RateAt(step);
                var losses = Losses(step);
                optimizer.zero_grad();
                (losses[0] + losses[1] * options.PairWeight).backward();
                nn.utils.clip_grad_norm_(model.parameters(), 1);
                optimizer.step();
                return losses.detach();
            });
        }
        finally
        {
            model.eval();
        }
    }

    private double RateAt(int step)
    {
        var warm = Math.Max(1, options.Steps / 10);
        return options.LearningRate * Math.Min((double)step / warm, (double)(options.Steps - step + 1) / (options.Steps - warm + 1));
    }

    /// <summary>The step's losses and shares, <c>[4]</c>. All its chance follows from the seed and its number.</summary>
    private Tensor Losses(int step)
    {
        var random = SplitMix64.Stream((uint)options.Seed, (ulong)step);
        manual_seed((long)(random.NextBits() >> 1)); // dropout draws from torch's own generator
        var pairs = Pairs(random);
        var (words, wordsRight) = HiddenWords(pairs, (int)random.NextBits());
        if (options.PairWeight == 0) return stack([words, zeros_like(words), wordsRight, zeros_like(words)]);
        var (match, matchRight) = Matches(pairs);
        return stack([words, match, wordsRight, matchRight]);
    }

    // Different pictures, and of each two of its captions.
    private List<(string First, string Second)> Pairs(SplitMix64 random)
    {
        var chosen = new HashSet<int>();
        while (chosen.Count < options.BatchSize) chosen.Add(random.Next(captions.Count));
        return [.. chosen.Select(picture =>
        {
            var own = captions[picture];
            var (first, second) = (random.Next(own.Count), random.Next(own.Count - 1));
            return (own[first], own[second < first ? second : second + 1]);
        })];
    }

    private (Tensor Loss, Tensor Right) HiddenWords(List<(string First, string Second)> pairs, int seed)
    {
        var model = text.Model;
        var rows = pairs.ConvertAll(pair => text.Tokenizer.EncodePair(pair.First, pair.Second, model.Encoder.Config.Positions));
        var batch = new MaskedTokens(text.Tokenizer, seed).Next(rows, model.Encoder.WordVectors.device);
        var scores = model.ScoresAt(batch.Tokens.Ids, batch.Tokens.Mask, batch.Hidden); // [N, V]
        return (nn.functional.cross_entropy(scores, batch.Answers), Share(scores, batch.Answers));
    }

    private (Tensor Loss, Tensor Right) Matches(List<(string First, string Second)> pairs)
    {
        var batch = text.Encode([.. pairs.Select(pair => pair.First), .. pairs.Select(pair => pair.Second)]);
        var vectors = nn.functional.normalize(text.Model.Encoder.forward(batch).Mean(batch.Mask), dim: 1); // [2B, W]
        var scores = vectors[..pairs.Count].matmul(vectors[pairs.Count..].T) / options.Temperature;         // [B, B]: cos / τ
        var own = arange(pairs.Count, device: scores.device);
        var loss = (nn.functional.cross_entropy(scores, own) + nn.functional.cross_entropy(scores.T, own)) / 2;
        return (loss, Share(scores, own));
    }

    private static Tensor Share(Tensor scores, Tensor answers) => scores.detach().argmax(-1).eq(answers).to(ScalarType.Float32).mean();
}
