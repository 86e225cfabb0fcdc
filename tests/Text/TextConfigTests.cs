using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Vision;
using ImageGen.Weights;
using static ImageGen.Tests.DiffusionFixtures;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>What config.json, tokenizer_config.json and the files beside them say of BERT and CLIP is obeyed or refused by name.</summary>
public sealed class TextConfigTests : IDisposable
{
    // As published with bert-base-multilingual-cased.
    private const string Multilingual = """
        {"architectures": ["BertForMaskedLM"], "attention_probs_dropout_prob": 0.1, "directionality": "bidi", "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
         "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "bert",
         "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0, "pooler_fc_size": 768, "pooler_num_attention_heads": 12, "pooler_num_fc_layers": 3,
         "pooler_size_per_head": 128, "pooler_type": "first_token_transform", "position_embedding_type": "absolute", "transformers_version": "4.6.0.dev0",
         "type_vocab_size": 2, "use_cache": true, "vocab_size": 119547, "classifier_dropout": null, "id2label": {"0": "LABEL_0"}, "is_decoder": false}
        """;

    // As published with clip-vit-base-patch32: a tower's part says what any model of transformers has.
    private const string Common = """
        "_name_or_path": "", "add_cross_attention": false, "architectures": null, "attention_dropout": 0.0, "bad_words_ids": null, "bos_token_id": 0,
        "chunk_size_feed_forward": 0, "cross_attention_hidden_size": null, "decoder_start_token_id": null, "diversity_penalty": 0.0, "do_sample": false, "dropout": 0.0,
        "early_stopping": false, "encoder_no_repeat_ngram_size": 0, "eos_token_id": 2, "finetuning_task": null, "forced_bos_token_id": null, "forced_eos_token_id": null,
        "hidden_act": "quick_gelu", "id2label": {"0": "LABEL_0", "1": "LABEL_1"}, "initializer_factor": 1.0, "initializer_range": 0.02, "is_decoder": false,
        "is_encoder_decoder": false, "label2id": {"LABEL_0": 0, "LABEL_1": 1}, "layer_norm_eps": 1e-05, "length_penalty": 1.0, "max_length": 20, "min_length": 0,
        "no_repeat_ngram_size": 0, "num_beam_groups": 1, "num_beams": 1, "num_return_sequences": 1, "output_attentions": false, "output_hidden_states": false,
        "output_scores": false, "pad_token_id": 1, "prefix": null, "problem_type": null, "projection_dim": 512, "pruned_heads": {}, "remove_invalid_values": false,
        "repetition_penalty": 1.0, "return_dict": true, "return_dict_in_generate": false, "sep_token_id": null, "task_specific_params": null, "temperature": 1.0,
        "tie_encoder_decoder": false, "tie_word_embeddings": true, "tokenizer_class": null, "top_k": 50, "top_p": 1.0, "torch_dtype": null, "torchscript": false,
        "transformers_version": "4.16.0.dev0", "use_bfloat16": false
        """;
    private const string TextPart = "{" + Common + """, "hidden_size": 512, "intermediate_size": 2048, "max_position_embeddings": 77, "model_type": "clip_text_model", "num_attention_heads": 8, "num_hidden_layers": 12, "vocab_size": 49408}""";
    private const string VisionPart = "{" + Common + """, "hidden_size": 768, "image_size": 224, "intermediate_size": 3072, "model_type": "clip_vision_model", "num_attention_heads": 12, "num_hidden_layers": 12, "patch_size": 32}""";
    private const string Whole = """{"architectures": ["CLIPModel"], "initializer_factor": 1.0, "logit_scale_init_value": 2.6592, "model_type": "clip", "projection_dim": 512, "text_config": """ + TextPart
        + """, "text_config_dict": null, "transformers_version": null, "vision_config": """ + VisionPart + """, "vision_config_dict": null}""";

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void PublishedFilesAreReadWhole()
    {
        Assert.Equal(BertConfig.Base with { VocabularySize = 119547 }, BertConfig.Parse(Multilingual, "a test"));
        File.WriteAllText(folder["config.json"], Whole);
        Assert.Equal(ClipTextConfig.Base, ClipTextConfig.Load(folder["config.json"]));
        Assert.Equal(ClipVisionConfig.Base, ClipVisionConfig.Load(folder["config.json"]));
        // As clip-vit-large-patch14: the second part counts, and with it what it leaves out.
        File.WriteAllText(folder["config.json"], Whole.Replace("\"text_config_dict\": null", "\"text_config_dict\": {\"hidden_size\": 768, \"intermediate_size\": 3072, \"num_attention_heads\": 12}")
            .Replace("\"projection_dim\": 512, \"text_config\"", "\"projection_dim\": 768, \"text_config\""));
        Assert.Equal(ClipTextConfig.StableDiffusion with { Projection = 768 }, ClipTextConfig.Load(folder["config.json"]));
        var drops = BertConfig.Parse(With(Multilingual, "\"attention_probs_dropout_prob\": 0.25"), "a test");
        Assert.Equal((0.1, 0.25), (drops.Dropout, drops.AttentionDropout));
        Assert.Equal(drops, BertConfig.Parse(drops.ToJson(), "a test"));
    }

    [Theory]
    [InlineData("\"model_type\": \"roberta\"", "'model_type' \"roberta\"; the course has only bert")]
    [InlineData("\"architectures\": [\"RobertaForMaskedLM\"]", "is of a RobertaForMaskedLM")]
    [InlineData("\"position_embedding_type\": \"relative_key\"", "'position_embedding_type' \"relative_key\"; the course has only absolute")]
    [InlineData("\"hidden_act\": \"gelu_new\"", "'hidden_act' \"gelu_new\"")]
    [InlineData("\"tie_word_embeddings\": false", "'tie_word_embeddings' false")]
    [InlineData("\"is_decoder\": true", "'is_decoder' true")]
    [InlineData("\"add_cross_attention\": true", "'add_cross_attention' true")]
    [InlineData("\"pruned_heads\": {\"1\": [0, 2]}", "'pruned_heads' {\"1\": [0, 2]}")]
    [InlineData("\"quantization_config\": {\"load_in_8bit\": true}", "'quantization_config'")]
    [InlineData("\"embedding_size\": 128", "has 'embedding_size', which the course does not know of a BERT")]
    [InlineData("\"attention_probs_dropout_prob\": 1", "AttentionDropout is 1")]
    [InlineData("\"hidden_size\": \"\\ud800\"", "is not JSON")]
    public void ABertThatIsNotTheCoursesIsRefusedByName(string option, string message) =>
        Assert.Contains(message, Assert.Throws<CourseException>(() => BertConfig.Parse(With(Multilingual, option), "a test")).Message);

    [Theory]
    [InlineData("text_config", "\"hidden_act\": \"gelu\"", "text_config, has 'hidden_act' \"gelu\"; the course has only quick_gelu")]
    [InlineData("text_config", "\"model_type\": \"xlm-roberta\"", "'model_type' \"xlm-roberta\"")]
    [InlineData("text_config", "\"is_decoder\": true", "'is_decoder' true")]
    [InlineData("text_config", "\"new_option\": 1", "has 'new_option', which the course does not know of a text encoder")]
    [InlineData("vision_config", "\"num_channels\": 1", "'num_channels' 1; the course has only 3")]
    [InlineData("vision_config", "\"new_option\": 1", "has 'new_option', which the course does not know of a picture tower")]
    [InlineData("", "\"model_type\": \"siglip\"", "'model_type' \"siglip\"; the course has only clip")]
    [InlineData("", "\"new_option\": 1", "has 'new_option', which the course does not know of CLIP")]
    [InlineData("", "\"text_config\": 5", "needs an object for 'text_config', not 5")]
    public void AClipThatIsNotTheCoursesIsRefusedByName(string part, string option, string message)
    {
        var json = part switch { "text_config" => Whole.Replace(TextPart, With(TextPart, option)), "vision_config" => Whole.Replace(VisionPart, With(VisionPart, option)), _ => With(Whole, option) };
        File.WriteAllText(folder["config.json"], json);
        Assert.Contains(message, Assert.Throws<CourseException>(() =>
        {
            if (part != "vision_config") ClipTextConfig.Load(folder["config.json"]);
            else ClipVisionConfig.Load(folder["config.json"]);
        }).Message);
    }

    // As published with bert-base-cased and written by newer programs; then with what would give other ids.
    [Theory]
    [InlineData("\"do_lower_case\": false, \"model_max_length\": 512", null)]
    [InlineData("\"do_lower_case\": true, \"strip_accents\": null, \"tokenize_chinese_chars\": true, \"do_basic_tokenize\": true, \"never_split\": null, \"tokenizer_class\": \"BertTokenizerFast\", \"unk_token\": \"[UNK]\", \"mask_token\": {\"__type\": \"AddedToken\", \"content\": \"[MASK]\", \"lstrip\": false}, \"added_tokens_decoder\": {\"0\": {\"content\": \"[PAD]\", \"special\": true}}, \"clean_up_tokenization_spaces\": true, \"model_max_length\": 1000000000000000019884624838656, \"additional_special_tokens\": []", null)]
    [InlineData("\"do_lower_case\": true, \"strip_accents\": false", "has 'strip_accents' false")]
    [InlineData("\"tokenize_chinese_chars\": false", "'tokenize_chinese_chars' false")]
    [InlineData("\"tokenizer_class\": \"RobertaTokenizer\"", "is of a RobertaTokenizer; the course reads a BertTokenizer")]
    [InlineData("\"mask_token\": \"<mask>\"", "has 'mask_token' <mask>; the course has only [MASK]")]
    [InlineData("\"padding_side\": \"left\"", "'padding_side' \"left\"")]
    [InlineData("\"added_tokens_decoder\": {\"12\": {\"content\": \"[NEW]\"}}", "adds the token '[NEW]' with the id 12")]
    [InlineData("\"additional_special_tokens\": [\"[X]\"]", "'additional_special_tokens'")]
    [InlineData("\"new_option\": 1", "has 'new_option', which the course does not know of a tokenizer")]
    public void BertsTokenizerIsWhatItsFilesSay(string settings, string? refused)
    {
        WriteBert("tokenizer_config.json", "{" + settings + "}");
        if (refused is null) BertText.Load(folder.Path).Dispose();
        else Assert.Contains(refused, Assert.Throws<CourseException>(() => BertText.Load(folder.Path)).Message);
    }

    [Theory]
    [InlineData("added_tokens.json", "{\"[NEW]\": 12}", "adds the token '[NEW]' with the id 12")]
    [InlineData("special_tokens_map.json", "{\"cls_token\": \"<s>\"}", "has 'cls_token' <s>; the course has only [CLS]")]
    public void TheFilesBesideItAreLookedAt(string name, string json, string message)
    {
        WriteBert(name, json);
        Assert.Contains(message, Assert.Throws<CourseException>(() => BertText.Load(folder.Path)).Message);
    }

    [Theory]
    [InlineData("\"vocab_size\": 2147483647", "VocabularySize is 2147483647: it must be from 1 to 16777216")]
    [InlineData("\"intermediate_size\": 0", "FeedForward is 0: it must be from 1 to 65536")]
    [InlineData("\"vocab_size\": 16777216, \"hidden_size\": 65536", "Memory ran out: one step asked for 4.4 TB at once")]
    [InlineData("\"intermediate_size\": 9", "does not fit")]
    public void MeasuresBeyondAllBoundsAreOneClearLine(string option, string message)
    {
        WriteBert("config.json", With(new BertConfig(16, 8, 1, 2, 8, 8).ToJson(), option));
        Assert.Contains(message, Assert.ThrowsAny<CourseException>(() => BertText.Load(folder.Path)).Message);
    }

    // As published with Stable Diffusion 1.5; then with "!", as Stable Diffusion 2's fills up.
    [Fact]
    public void ClipsPromptsAreFilledUpAsTheFolderSays()
    {
        using var scope = NewDisposeScope();
        using (var model = Small()) StableDiffusion.Save(model, folder.Path);
        const string Published = """
            {"add_prefix_space": false, "bos_token": {"__type": "AddedToken", "content": "<|startoftext|>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false},
             "do_lower_case": true, "eos_token": {"__type": "AddedToken", "content": "<|endoftext|>", "normalized": true}, "errors": "replace", "model_max_length": 77,
             "name_or_path": "openai/clip-vit-large-patch14", "pad_token": "<|endoftext|>", "special_tokens_map_file": "./special_tokens_map.json", "tokenizer_class": "CLIPTokenizer",
             "unk_token": {"__type": "AddedToken", "content": "<|endoftext|>"}}
            """;
        File.WriteAllText(folder["tokenizer/tokenizer_config.json"], Published);
        File.WriteAllText(folder["tokenizer/special_tokens_map.json"], """{"bos_token": {"content": "<|startoftext|>"}, "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}""");
        var usual = Opened();
        Assert.Equal(usual.Clip.EndId, usual.Clip.PadId);
        Assert.Contains("the other file beside it", Refused("\"pad_token\": \"!\""));
        File.Delete(folder["tokenizer/special_tokens_map.json"]);
        Assert.Contains("is no token of vocab.json", Refused("\"pad_token\": \"[PAD]\""));
        Assert.Contains("has 'model_max_length' 64; the text encoder reads 77", Refused("\"model_max_length\": 64"));
        Assert.Contains("'do_lower_case' false", Refused("\"do_lower_case\": false"));
        Assert.Contains("adds the token '<cat>' with the id 614", Refused("\"added_tokens_decoder\": {\"614\": {\"content\": \"<cat>\"}}"));
        File.WriteAllText(folder["tokenizer/tokenizer_config.json"], With(Published, "\"pad_token\": {\"content\": \"!\"}"));
        var other = Opened();
        Assert.Equal(other.Clip.Vocabulary.Require("!"), other.Clip.PadId);
        var (ends, marks) = (usual.Encode(["a"]).Sequence, other.Encode(["a"]).Sequence);
        Assert.True(ends[0, ..3].allclose(marks[0, ..3])); // nobody looks at what comes after
        Assert.False(ends[0, 3..].allclose(marks[0, 3..]));

        ClipConditioner Opened() => (ClipConditioner)StableDiffusionParts.Of(folder.Path).OpenText(CPU, ScalarType.Float32);
        string Refused(string option)
        {
            File.WriteAllText(folder["tokenizer/tokenizer_config.json"], With(Published, option));
            return Assert.Throws<CourseException>(Opened).Message;
        }
    }

    public void Dispose() => folder.Dispose();

    private void WriteBert(string name, string json)
    {
        var config = new BertConfig(VocabularySize: 16, Width: 8, Layers: 1, Heads: 2, FeedForward: 8, Positions: 8);
        using (var model = new MaskedLanguageModel(config)) SafeTensors.Save(folder["model.safetensors"], model);
        config.Save(folder["config.json"]);
        new Vocabulary([.. WordPieceTokenizer.Special, "rose"]).Save(folder["vocab.txt"]);
        File.WriteAllText(folder[name], json);
    }

    // The last of two entries with one name counts.
    private static string With(string json, string option) => json.TrimEnd()[..^1] + ", " + option + "}";
}
