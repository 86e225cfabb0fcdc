using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>
/// What transformers, Hugging Face's program, writes beside a vocabulary: tokenizer_config.json,
/// special_tokens_map.json and added_tokens.json. A folder without them has the tokenizer that its class is.
/// </summary>
internal sealed class TokenizerSettings
{
    private const string Main = BertText.TokenizerFile, Special = "special_tokens_map.json",
        Added = "added_tokens.json";

    private readonly string folder;
    private readonly Vocabulary vocabulary;

    private TokenizerSettings(string folder, Vocabulary vocabulary) => (this.folder, this.vocabulary) =
        (folder, vocabulary);

    /// <summary>Whether capitals and accents stay; null where no file says so.</summary>
    /// <exception cref="CourseException">They are of another tokenizer than BERT's: the message names it.</exception>
    internal static bool? IsCased(string folder, Vocabulary vocabulary)
    {
        bool? cased = null;
        new TokenizerSettings(folder, vocabulary).Read("BertTokenizer", config =>
        {
            foreach (var (name, token) in new[] { ("unk_token", WordPieceTokenizer.Unknown), ("sep_token",
                WordPieceTokenizer.End), ("pad_token", WordPieceTokenizer.Padding), ("cls_token",
                WordPieceTokenizer.Start), ("mask_token", WordPieceTokenizer.Mask) }) Require(config, name, token);
        }, config =>
        {
            var lower = config.Truth("do_lower_case", true);
            cased = !lower;
            if (config.Truth("strip_accents", lower) != lower) throw config.Error($"has 'strip_accents' {(lower
                ? "false" : "true")}; the course takes accents away where it writes small letters, and only there.");
            config.Only("true", "tokenize_chinese_chars", "do_basic_tokenize", "clean_text");
            config.Only("##", "wordpieces_prefix");
            config.Only("null", "never_split");
            config.Ignore("model_max_length", "max_len"); // the model's positions cut a text
        });
        return cased;
    }

    /// <summary>The token that fills up short prompts, where a file names one.</summary>
    /// <param name="folder">With the files.</param>
    /// <param name="vocabulary">CLIP's.</param>
    /// <param name="positions">Tokens that the text encoder reads.</param>
    /// <exception cref="CourseException">They are of another tokenizer than CLIP's: the message names it.</exception>
    internal static string? Padding(string folder, Vocabulary vocabulary, int positions)
    {
        var padding = new Dictionary<string, string>();
        new TokenizerSettings(folder, vocabulary).Read("CLIPTokenizer", config =>
        {
            Require(config, "bos_token", ClipTokenizer.Start);
            Require(config, "eos_token", ClipTokenizer.End);
            config.Ignore("unk_token"); // every byte has a token: nothing is unknown
            if (config.Word("pad_token", "", inside: "content") is not { Length: > 0 } token) return;
            if (vocabulary.Find(token) is null) throw config.Error($"has 'pad_token' {token}, which is no token of "
                + $"{ClipTokenizer.VocabularyFile}.");
            padding[token] = token;
            if (padding.Count > 1) throw config.Error($"has 'pad_token' {token}, and the other file beside it "
                + $"{padding.Keys.First()}: make them the same.");
        }, config =>
        {
            config.Only("true", "do_lower_case");
            config.Only("false", "add_prefix_space");
            config.Ignore("errors"); // of bytes that are no text, when ids are read back
            // Prompts are filled up to this length; what has no limit says a number beyond all.
            if (config.Number("model_max_length", positions) < positions) throw config.Error($"has "
                + $"'model_max_length' {config.Number("model_max_length", 0)}; the text encoder reads {positions}.");
        });
        return padding.Keys.FirstOrDefault();
    }

    private void Read(string tokenizer, Action<ModelConfig> tokens, Action<ModelConfig> own)
    {
        if (Config(Main) is { } main)
        {
            var kind = main.Word("tokenizer_class", tokenizer);
            if (kind != tokenizer && kind != tokenizer + "Fast")
                throw main.Error($"is of a {kind}; the course reads a {tokenizer}.");
            tokens(main);
            own(main);
            if (main.Part("added_tokens_decoder") is { } all)
                foreach (var id in all.Names) Known(main, all.Part(id)?.Word("content", "") ?? "", id);
            Rest(main);
            main.End("a tokenizer");
        }
        if (Config(Special) is { } special)
        {
            tokens(special);
            Rest(special);
            special.End("a tokenizer");
        }
        if (Config(Added) is { } added)
            foreach (var token in added.Names) Known(added, token, $"{added.Integer(token)}");
    }

    private ModelConfig? Config(string name) => Path.Combine(folder, name) is var path
        && JsonFile.Text(path) is { } text ? ModelConfig.Parse(text, path) : null;

    // A token that the vocabulary has not is a row of the text encoder's table that no other file names.
    private void Known(ModelConfig config, string token, string id)
    {
        if ($"{vocabulary.Find(token)}" != id) throw config.Error($"adds the token '{token}' with the id {id}, which "
            + "the vocabulary beside it has not: the course reads no added tokens.");
    }

    private static void Require(ModelConfig config, string name, string token)
    {
        if (config.Word(name, token, inside: "content") is var other && other != token)
            throw config.Error($"has '{name}' {other}; the course has only {token}.");
    }

    private static void Rest(ModelConfig config)
    {
        config.Only("right", "padding_side", "truncation_side");
        config.Only("false", "split_special_tokens");
        config.Only("[]", "additional_special_tokens");
        config.Only("{}", "extra_special_tokens");
        config.Ignore("clean_up_tokenization_spaces"); // when ids are read back
        // Of a call, not of the tokenizer.
        config.Ignore("max_length", "stride", "pad_to_multiple_of", "pad_token_type_id", "padding", "truncation",
            "truncation_strategy", "padding_strategy", "model_input_names", "verbose");
        // Where the files come from, and which program reads them.
        config.Ignore("name_or_path", "special_tokens_map_file", "tokenizer_file", "added_tokens_file", "vocab_file",
            "processor_class", "use_fast", "from_slow", "backend", "is_local", "init_inputs", "transformers_version",
            "_commit_hash", "legacy");
    }
}
