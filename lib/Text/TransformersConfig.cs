using ImageGen.Runtime;

namespace ImageGen.Text;

/// <summary>What transformers, Hugging Face's program, writes into the config.json of any model.</summary>
internal static class TransformersConfig
{
    /// <summary>Refuses what would change the numbers, lists what does not, and refuses what nobody asked for.</summary>
    /// <param name="config">Of which the model's own names were asked.</param>
    /// <param name="kind">What the configuration is of.</param>
    internal static void Finish(ModelConfig config, string kind)
    {
        config.Only("false", "is_decoder", "is_encoder_decoder", "add_cross_attention", "tie_encoder_decoder");
        config.Only("null", "cross_attention_hidden_size", "quantization_config");
        config.Only("{}", "pruned_heads");
        config.Ignore("architectures", "model_type"); // looked at where the model's own names are
        config.Ignore("chunk_size_feed_forward"); // the same numbers with less memory
        config.Ignore("tie_word_embeddings"); // of a head that guesses words; BERT, which has one, looks at it
        // The files and the caller say which numbers; what a program gives back beside them is its own matter.
        config.Ignore("torch_dtype", "dtype", "use_bfloat16", "torchscript", "return_dict", "output_attentions",
            "output_hidden_states", "tf_legacy_loss", "_attn_implementation", "_attn_implementation_autoset",
            "attn_implementation", "use_cache", "output_past");
        // Of training, and of the weights before it.
        config.Ignore("initializer_range", "initializer_factor", "gradient_checkpointing");
        // Of heads that tell kinds of sentences.
        config.Ignore("id2label", "label2id", "num_labels", "problem_type", "finetuning_task");
        // Of models that write texts.
        config.Ignore("bad_words_ids", "begin_suppress_tokens", "decoder_start_token_id", "diversity_penalty",
            "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty",
            "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length", "min_length",
            "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "output_scores", "prefix",
            "remove_invalid_values", "repetition_penalty", "return_dict_in_generate", "suppress_tokens",
            "task_specific_params", "temperature", "top_k", "top_p", "typical_p");
        // The tokenizer has its own.
        config.Ignore("tokenizer_class", "bos_token_id", "sep_token_id", "pad_token_id", "eos_token_id");
        config.Ignore("_name_or_path", "_commit_hash", "transformers_version"); // where the file comes from
        config.End(kind);
    }

    /// <summary>What CLIP's configuration says of one tower.</summary>
    /// <param name="file">CLIP's whole, or the tower's own.</param>
    /// <param name="tower">Its name in CLIP's whole: text_config or vision_config.</param>
    /// <returns>The tower's part, and the width of the space that both towers share where the file is of both.</returns>
    internal static (ModelConfig Tower, int? Projection) OfClip(ModelConfig file, string tower)
    {
        string[] towers = ["text_config", "vision_config"], models = ["clip_text_model", "clip_vision_model"];
        var own = Array.IndexOf(towers, tower);
        if (!towers.Any(name => file.Has(name) || file.Has(name + "_dict")))
        {
            file.Only(models[own], "model_type");
            string[] classes = own == 0 ? ["CLIPTextModel"] : ["CLIPVisionModel", "CLIPVisionModelWithProjection"];
            if (file.Words("architectures", []).Except(classes).FirstOrDefault() is { } other)
                throw file.Error($"is of a {other}; the course reads a {classes[^1]}.");
            return (file, null);
        }
        file.Only("clip", "model_type");
        file.Ignore(towers); // one is read below, the other is of the other tower
        // Where both stand, transformers takes the second, and what that leaves out as it is in every CLIP.
        file.Ignore("text_config_dict", "vision_config_dict");
        file.Ignore("logit_scale_init_value"); // of the weights before training
        var projection = file.Integer("projection_dim", 512);
        Finish(file, "CLIP");
        var part = file.Part(tower + "_dict") ?? file.Part(tower)
            ?? throw file.Error($"says nothing of '{tower}'.");
        part.Only(models[own], "model_type");
        return (part, projection);
    }
}
