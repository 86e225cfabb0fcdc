using ImageGen.Runtime;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>How a BERT learns captions.</summary>
public sealed record MaskedLanguageOptions
{
    /// <summary>Steps, at least 1.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>Captions a step, at least 1.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The highest rate: it rises over the first tenth of the steps and falls to 0 from there.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The seed of its random numbers.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>For watching: half a minute on two cores, enough to leave the beginning behind.</summary>
    public static MaskedLanguageOptions Quick => new() { Steps = Scales.Pick(6, 160, 1600), LearningRate = 2e-3 };

    internal void Check()
    {
        if (Steps < 1) throw new CourseException($"Steps is {Steps}: it must be at least 1.");
        if (BatchSize < 1) throw new CourseException($"BatchSize is {BatchSize}: it must be at least 1.");
        if (LearningRate is not (> 0 and < 1)) throw new CourseException($"LearningRate is {LearningRate}: it must be above 0 and below 1.");
    }
}

/// <summary>
/// Masked-language training (Devlin and others, arXiv 1810.04805): hide words, let the model guess them, and correct it.
/// No labels are needed but the text itself.
/// </summary>
public static class MaskedLanguageTraining
{
    /// <summary>The numbers each step reports: the cross entropy in nats, and the share of hidden words guessed right.</summary>
    public static IReadOnlyList<string> LossNames { get; } = ["loss", "right"];

    /// <summary>Trains a model in place; afterwards it is in evaluation mode.</summary>
    /// <param name="text">A model, untrained or not, with its vocabulary.</param>
    /// <param name="captions">What to learn; captions without a word are left out.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the steps; may be null.</param>
    /// <param name="cancellation">Stops before the next step; what was learned stays.</param>
    /// <exception cref="CourseException">An option is out of range, or no caption has a word.</exception>
    public static LoopResult Run(
        BertText text, IEnumerable<string> captions, MaskedLanguageOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default) =>
        Run(text, text.Model, captions, options, progress, cancellation);

    /// <summary>Trains something in or on the model, such as an adapter, in the same way; what else the model has stays as it is.</summary>
    /// <param name="text">A model with its vocabulary.</param>
    /// <param name="learner">What learns.</param>
    /// <param name="captions">What to learn; captions without a word are left out.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the steps; may be null.</param>
    /// <param name="cancellation">Stops before the next step; what was learned stays.</param>
    /// <inheritdoc cref="Run(BertText, IEnumerable{string}, MaskedLanguageOptions?, IProgress{TrainingProgress}?, CancellationToken)"/>
    public static LoopResult Run(
        BertText text, nn.Module learner, IEnumerable<string> captions, MaskedLanguageOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        options.Check();
        using var scope = NewDisposeScope();
        var (model, tokenizer) = (text.Model, text.Tokenizer);
        var device = model.Encoder.WordVectors.device;
        var rows = Rows(text, captions);
        var random = new Random(options.Seed);
        var exercises = new MaskedTokens(tokenizer, options.Seed);
        using var optimizer = optim.AdamW(learner.parameters(), lr: options.LearningRate, weight_decay: 0.01);
        var order = Enumerable.Range(0, rows.Count).ToArray();
        var next = rows.Count;

        // Which words are hidden follows from all steps before: nothing can go on from the middle.
        var state = new TrainingState { Resumable = false }.Add("learned", learner);
        var loop = new TrainingLoop(options.Steps, LossNames, state,
        [
            new LearningRateSchedule(optimizer, step => RateAt(step, options)),
            new ProgressReports(progress),
            new Cancellation(cancellation),
        ]);

        manual_seed(options.Seed); // dropout draws from torch's own generator
        model.train();
        learner.train();
        try
        {
            return loop.Run(Step);
        }
        finally
        {
            model.eval();
            learner.eval();
        }

        Tensor Step(int step)
        {
            var batch = exercises.Next(NextRows(), device);
            var scores = model.ScoresAt(batch.Tokens.Ids, batch.Tokens.Mask, batch.Hidden); // [N, V]
            var loss = nn.functional.cross_entropy(scores, batch.Answers); // -log p(the hidden word), averaged
            optimizer.zero_grad();
            loss.backward();
            Gradients.ClipNorm(learner.parameters(), 1);
            optimizer.step();
            var right = scores.detach().argmax(-1).eq(batch.Answers).to(ScalarType.Float32).mean();
            return stack([loss.detach(), right]);
        }

        // Every caption once, in random order, then all again in another.
        List<int[]> NextRows()
        {
            var taken = new List<int[]>(options.BatchSize);
            while (taken.Count < options.BatchSize)
            {
                if (next == rows.Count)
                {
                    random.Shuffle(order);
                    next = 0;
                }
                taken.Add(rows[order[next++]]);
            }
            return taken;
        }
    }

    /// <summary>The share of words guessed right, from 0 to 1, where 15% of the tokens of each caption are hidden behind <c>[MASK]</c>.</summary>
    /// <param name="text">The model.</param>
    /// <param name="captions">Captions, best ones that training did not show.</param>
    /// <param name="seed">Which words are hidden.</param>
    /// <returns>The share, and how many words were asked for.</returns>
    /// <exception cref="CourseException">No caption has a word.</exception>
    public static (double Right, int Asked) Accuracy(BertText text, IEnumerable<string> captions, int seed = Seeds.Default)
    {
        using var noGrad = no_grad();
        var exercises = new MaskedTokens(text.Tokenizer, seed, maskShare: 1);
        var (right, asked) = (0L, 0L);
        foreach (var rows in Rows(text, captions).Chunk(64))
        {
            using var scope = NewDisposeScope();
            var batch = exercises.Next(rows, text.Model.Encoder.WordVectors.device);
            right += text.Model.ScoresAt(batch.Tokens.Ids, batch.Tokens.Mask, batch.Hidden).argmax(-1).eq(batch.Answers).sum().item<long>();
            asked += batch.Answers.shape[0];
        }
        return ((double)right / asked, (int)asked);
    }

    private static double RateAt(int step, MaskedLanguageOptions options)
    {
        var warm = Math.Max(1, options.Steps / 10);
        return options.LearningRate * Math.Min((double)step / warm, (double)(options.Steps - step + 1) / (options.Steps - warm + 1));
    }

    private static List<int[]> Rows(BertText text, IEnumerable<string> captions)
    {
        var rows = captions.Select(caption => text.Tokenizer.Encode(caption, text.Model.Encoder.Config.Positions))
            .Where(ids => ids.Any(id => !text.Tokenizer.IsSpecial(id))).ToList();
        return rows.Count > 0 ? rows : throw new CourseException("There is no caption with a word to learn from.");
    }
}
