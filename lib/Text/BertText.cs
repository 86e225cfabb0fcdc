using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Text;

/// <summary>A guess at a hidden word.</summary>
/// <param name="Token">The piece.</param>
/// <param name="Probability">How likely the model holds it, 0 to 1.</param>
public sealed record WordGuess(string Token, double Probability)
{
    public override string ToString() => FormattableString.Invariant($"{Token} {Probability:P0}");
}

/// <summary>
/// A BERT together with its vocabulary: from sentences to vectors, and to guesses at hidden words. bert-base-uncased and
/// MiniBERT, which the course trains on its own captions, are the same class at two sizes.
/// </summary>
public sealed class BertText : ICaptionEncoder, IDisposable
{
    /// <summary>The files of a model's folder, named as on Hugging Face's hub.</summary>
    public const string ConfigFile = "config.json", VocabularyFile = "vocab.txt", WeightsFile = "model.safetensors", TokenizerFile = "tokenizer_config.json";

    /// <summary>The checkpoint of MiniBERT in data/checkpoints, and the command's name for its training.</summary>
    public const string MiniName = "minibert";

    private readonly bool guesses;

    private BertText(WordPieceTokenizer tokenizer, MaskedLanguageModel model, bool guesses = true) =>
        (Tokenizer, Model, this.guesses) = (tokenizer, model, guesses);

    /// <summary>From text to ids and back.</summary>
    public WordPieceTokenizer Tokenizer { get; }

    /// <summary>The encoder and the head that guesses words.</summary>
    public MaskedLanguageModel Model { get; }

    /// <summary>Numbers in a sentence's vector.</summary>
    public int Width => Model.Encoder.Config.Width;

    /// <summary>Its layers and their width.</summary>
    public string Name => $"BERT of {Model.Encoder.Config.Layers} layers, {Width} wide";

    private Device Device => Model.Encoder.WordVectors.device;

    /// <summary>A model that has learned its vocabulary from captions, and nothing else yet.</summary>
    /// <param name="captions">What it is going to read.</param>
    /// <param name="config">Its measures, with the most tokens to have; MiniBERT's with at most 1,000 tokens when not given.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    /// <exception cref="CourseException">The measures cannot be a BERT's, or leave no room for a vocabulary.</exception>
    public static BertText Untrained(IEnumerable<string> captions, BertConfig? config = null, int seed = Seeds.Default, Device? device = null)
    {
        config ??= BertConfig.Mini(vocabularySize: 1000);
        var vocabulary = WordPieceTrainer.Learn(captions, config.VocabularySize);
        var model = new MaskedLanguageModel(config with { VocabularySize = vocabulary.Count }, device);
        model.Initialize(seed);
        model.eval();
        return new(new(vocabulary), model);
    }

    /// <summary>MiniBERT as the course ships it: trained by <c>./course train minibert</c> on the captions of Petals, in both wordings.</summary>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    /// <exception cref="CourseException">The checkpoint is missing or damaged.</exception>
    public static BertText Mini(Device? device = null)
    {
        using var file = Checkpoints.Open(MiniName);
        return Open(file, device);
    }

    /// <summary>bert-base-uncased as published, from the cache of downloads.</summary>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    /// <exception cref="CourseException">It was not fetched yet, or a file is not the published one.</exception>
    public static BertText Base(Device? device = null)
    {
        var folder = Downloads.PathIfCached("bert")
            ?? throw new CourseException("bert-base-uncased is not in the cache: fetch its 441 MB with ./course data fetch bert.");
        return Fill(BertConfig.Base, Vocabulary.Load(Path.Combine(folder, VocabularyFile)), folder, device, From(folder));
    }

    /// <summary>
    /// all-MiniLM-L6-v2, which came with the build: a published BERT of six layers that was trained on a billion pairs of
    /// English sentences to give those that say the same the same vector. It has no head that guesses words.
    /// </summary>
    /// <param name="device">Where it lives; the CPU when not given.</param>
    /// <exception cref="CourseException">The package's file is missing, or not the published one.</exception>
    public static BertText MiniLm(Device? device = null) => MiniLm(MiniLmWeights.Path, device);

    internal static BertText MiniLm(string path, Device? device)
    {
        // Its head stays as it is initialized: the file has none, and nothing asks it.
        var (vocabulary, model) = (MiniLmWeights.Words(path), new MaskedLanguageModel(MiniLmWeights.Config, device));
        try
        {
            MiniLmWeights.Load(model.Encoder, path);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model.eval();
        return new(new(vocabulary), model, guesses: false);
    }

    /// <summary>Reads a model from one file that carries its configuration and its vocabulary as notes.</summary>
    /// <exception cref="CourseException">A note is missing, or does not fit the weights.</exception>
    public static BertText Open(WeightFile file, Device? device = null)
    {
        string Note(string name) => file.Metadata.GetValueOrDefault(name)
            ?? throw new CourseException($"The weights file {file.Path} carries no {name}: it was not made by ./course train {MiniName}.");
        var config = BertConfig.Parse(Note(ConfigFile), file.Path);
        return Fill(config, new(Note(VocabularyFile).TrimEnd('\n').Split('\n')), file.Path, device,
            (model, place) => file.LoadIntoEmpty(model, place, ScalarType.Float32, model.Rename));
    }

    /// <summary>What a file of weights must carry for <see cref="Open"/>: the configuration and the vocabulary.</summary>
    public IReadOnlyDictionary<string, string> Notes() => new Dictionary<string, string>
    {
        [ConfigFile] = Model.Encoder.Config.ToJson(),
        [VocabularyFile] = string.Concat(Tokenizer.Vocabulary.Tokens.Select(token => token + "\n")),
    };

    /// <summary>Reads a model from a folder with config.json, vocab.txt and model.safetensors.</summary>
    /// <exception cref="CourseException">A file is missing, is not what its name says, or does not fit the others.</exception>
    public static BertText Load(string folder, Device? device = null)
    {
        var config = BertConfig.Load(Path.Combine(folder, ConfigFile));
        var vocabulary = Vocabulary.Load(Path.Combine(folder, VocabularyFile));
        var cased = TokenizerSettings.IsCased(folder, vocabulary);
        return Fill(config, vocabulary, folder, device, From(folder), cased);
    }

    private static Action<MaskedLanguageModel, Device> From(string folder) => (model, place) =>
    {
        using var file = WeightFile.Open(Path.Combine(folder, WeightsFile));
        file.LoadIntoEmpty(model, place, ScalarType.Float32, model.Rename);
    };

    private static BertText Fill(BertConfig config, Vocabulary vocabulary, string from, Device? device,
        Action<MaskedLanguageModel, Device> load, bool? cased = null)
    {
        // A table may have more rows than there are tokens: some are filled up to a number that suits a GPU.
        if (vocabulary.Count > config.VocabularySize)
            throw new CourseException($"The model in {from} does not fit together: {VocabularyFile} has {vocabulary.Count} tokens, {ConfigFile} says {config.VocabularySize}.");
        var tokenizer = new WordPieceTokenizer(vocabulary, cased);
        var model = EmptyModule.Of(nowhere => new MaskedLanguageModel(config, nowhere));
        try
        {
            load(model, device ?? CPU);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model.eval();
        return new(tokenizer, model);
    }

    /// <summary>Writes the three files; each is replaced only when it is complete.</summary>
    /// <param name="folder">Made where it does not exist.</param>
    /// <param name="type">How to store the weights: Float16 halves the file.</param>
    /// <exception cref="CourseException">A file cannot be written.</exception>
    public void Save(string folder, ScalarType type = ScalarType.Float16)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The folder {folder} cannot be made: {error.Message}", error);
        }
        SafeTensors.Save(Path.Combine(folder, WeightsFile), Model, type);
        Tokenizer.Vocabulary.Save(Path.Combine(folder, VocabularyFile));
        Model.Encoder.Config.Save(Path.Combine(folder, ConfigFile));
    }

    /// <summary>Encodes pairs of texts; of longer ones than the model has positions the tails are lost.</summary>
    /// <exception cref="CourseException">There is no pair.</exception>
    public TokenBatch Encode(IReadOnlyList<(string First, string Second)> pairs) => TokenBatch.Of(Tokenizer, pairs, Model.Encoder.Config.Positions, Device);

    /// <summary>Encodes texts; a longer one than the model has positions loses its tail.</summary>
    /// <exception cref="CourseException">There is no text.</exception>
    public TokenBatch Encode(IReadOnlyList<string> texts) => TokenBatch.Of(Tokenizer, texts, Model.Encoder.Config.Positions, device: Device);

    /// <summary>
    /// One vector a text, <c>[N, Width]</c>: the mean of its tokens' vectors. (The vector of <c>[CLS]</c> is trained for
    /// this only where a sentence task trained it.)
    /// </summary>
    /// <param name="texts">At least one.</param>
    /// <param name="batchSize">How many at once.</param>
    /// <exception cref="CourseException">There is no text.</exception>
    public Tensor Embed(IReadOnlyList<string> texts, int batchSize = 64)
    {
        if (texts.Count == 0) throw new CourseException("There is no text to embed.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var vectors = empty([texts.Count, Width], device: Device, dtype: Model.Encoder.WordVectors.dtype);
        var at = 0;
        foreach (var texts64 in texts.Chunk(batchSize))
        {
            using var step = NewDisposeScope();
            var batch = Encode(texts64);
            vectors[at..(at += texts64.Length)] = Model.Encoder.forward(batch).Mean(batch.Mask);
        }
        return vectors.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One vector of length 1 a text, <c>[N, Width]</c>: that of <see cref="Embed"/>, normalized. The product of two is the
    /// cosine of their angle, from −1 to 1: for MiniLM, how alike they are in meaning.
    /// </summary>
    /// <inheritdoc cref="Embed"/>
    public Tensor SentenceVectors(IReadOnlyList<string> texts, int batchSize = 64)
    {
        using var scope = NewDisposeScope();
        return nn.functional.normalize(Embed(texts, batchSize), dim: 1).MoveToOuterDisposeScope();
    }

    /// <summary>Sentence vectors for a generator: those of <see cref="Embed"/>.</summary>
    Tensor ICaptionEncoder.Encode(IReadOnlyList<string> captions) => Embed(captions);

    /// <summary>What the model thinks is hidden at each <c>[MASK]</c> of a text, likeliest first.</summary>
    /// <param name="text">For example "a [MASK] flower with white petals".</param>
    /// <param name="best">How many guesses each.</param>
    /// <exception cref="CourseException">The text has no <c>[MASK]</c>.</exception>
    public IReadOnlyList<IReadOnlyList<WordGuess>> Guess(string text, int best = 5)
    {
        if (!guesses) throw new CourseException("MiniLM guesses no hidden words: it was trained on whole sentences. Take MiniBERT, BertText.Mini().");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var batch = Encode([text]);
        var hidden = batch.Ids.eq(Tokenizer.MaskId);
        if (!hidden.any().item<bool>()) throw new CourseException($"The text has no {WordPieceTokenizer.Mask} within its first {batch.Ids.shape[1]} tokens: write {WordPieceTokenizer.Mask} where a word is hidden.");
        var (probabilities, ids) = Model.ScoresAt(batch.Ids, batch.Mask, hidden)[.., ..Tokenizer.Vocabulary.Count].softmax(-1).topk(Math.Min(best, Tokenizer.Vocabulary.Count));
        var (p, id) = (probabilities.to(ScalarType.Float64).cpu(), ids.cpu());
        return [.. Enumerable.Range(0, (int)p.shape[0]).Select(row => (IReadOnlyList<WordGuess>)
            [.. p[row].data<double>().ToArray().Zip(id[row].data<long>().ToArray(), (share, token) => new WordGuess(Tokenizer.Vocabulary[(int)token], share))])];
    }

    public void Dispose() => Model.Dispose();
}
