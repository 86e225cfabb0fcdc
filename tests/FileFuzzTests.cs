using System.Text;
using ImageGen.Adapters;
using ImageGen.Data;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Weights;

namespace ImageGen.Tests;

/// <summary>Damaged configurations, tables and .mat files give what they hold or one clear line.</summary>
public class FileFuzzTests
{
    private static readonly string UNet = UNetConfig.StableDiffusion.ToJson(), Schedule = DiffusionConfig.StableDiffusion.ToJson();
    private static readonly byte[] Table = Encoding.UTF8.GetBytes("file_name,text,more\r\na.png,\"a red, \"\"old\"\" rose\u2028\",x\r\nb.png, \"two\nlines\" ,y\n");
    private static readonly byte[] Objects = Encoding.UTF8.GetBytes("{\"file_name\": \"a.png\", \"text\": \"rose\"}\r\n\n{\"text\": [\"a\", \"b\"], \"file_name\": \"b.png\"}\n");
    private const string Peft = """{"peft_type": "LORA", "r": 4, "lora_alpha": 16, "use_rslora": false, "rank_pattern": {"to_k": 8}, "alpha_pattern": {"^a.*to_[kv]": 32}, "init_lora_weights": true}""";
    private const string Bert = """{"hidden_act": "gelu", "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 9, "layer_norm_eps": 1e-12}""";

    private const string Tokenizer = """{"do_lower_case": true, "strip_accents": null, "tokenizer_class": "BertTokenizer", "mask_token": {"content": "[MASK]"}, "added_tokens_decoder": {"0": {"content": "[PAD]"}}, "model_max_length": 512}""";
    private const string Index = """{"_class_name": "StableDiffusionPipeline", "scheduler": ["diffusers", "PNDMScheduler"], "unet": ["diffusers", "UNet2DConditionModel"], "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"], "safety_checker": [null, null]}""";
    private const string QuantState = """{"quant_type": "nf4", "blocksize": 64, "dtype": "float16", "shape": [8, 8]}""";

    public static TheoryData<string> Formats => ["unet", "schedule", "autoencoder", "peft", "bert", "clip", "tokenizer", "index", "nf4", "csv", "jsonl", "kohya", "mat", "shards", "png"];

    [Theory, MemberData(nameof(Formats))]
    public void MutatedFilesAreReadOrRefusedInOneLine(string format)
    {
        using var folder = new TemporaryFolder();
        var (original, read) = Format(format, folder);
        read(original);
        var random = new Random(23);
        var refused = 0;
        for (var i = 0; i < Mutation.Count(400); i++)
        {
            var bytes = Mutation.Of(original, random);
            try
            {
                read(bytes);
            }
            catch (CourseException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                refused++;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"mutation {i} of {format}: {Convert.ToBase64String(bytes)}", error);
            }
        }
        Assert.True(refused > 0);
    }

    private static (byte[] Original, Action<byte[]> Read) Format(string format, TemporaryFolder folder)
    {
        string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
        switch (format)
        {
            case "unet": return (Encoding.UTF8.GetBytes(UNet), bytes => UNetConfig.FromJson(Text(bytes), "config.json"));
            case "schedule": return (Encoding.UTF8.GetBytes(Schedule), bytes => DiffusionConfig.FromJson(Text(bytes), "scheduler_config.json"));
            case "autoencoder": return (Encoding.UTF8.GetBytes(AutoencoderConfig.StableDiffusion.ToJson()), bytes => AutoencoderConfig.FromJson(Text(bytes), "config.json"));
            case "bert": return (Encoding.UTF8.GetBytes(Bert), bytes => BertConfig.Parse(Text(bytes), "config.json"));
            case "clip": return (Encoding.UTF8.GetBytes("{\"model_type\": \"clip\", \"projection_dim\": 8, \"text_config\": " + Bert.Replace("gelu", "quick_gelu") + "}"), bytes => ClipTextConfig.Parse(Text(bytes), "config.json"));
            case "tokenizer": return (Encoding.UTF8.GetBytes(Tokenizer), bytes =>
            {
                folder.Write("tokenizer_config.json", bytes);
                TokenizerSettings.IsCased(folder.Path, new(WordPieceTokenizer.Special));
            });
            case "index": return (Encoding.UTF8.GetBytes(Index), bytes =>
            {
                folder.Write("model_index.json", bytes);
                ModelIndex.Read(folder.Path);
            });
            case "nf4": return (Encoding.UTF8.GetBytes(QuantState), bytes =>
            {
                var parts = new Dictionary<string, TorchSharp.torch.Tensor> { ["a"] = TorchSharp.torch.zeros(32, 1, TorchSharp.torch.ScalarType.Byte), ["a.absmax"] = TorchSharp.torch.ones(1), ["a.quant_map"] = TorchSharp.torch.tensor(Nf4.Code.ToArray()), ["a.quant_state.bitsandbytes__nf4"] = TorchSharp.torch.tensor(bytes) };
                SafeTensors.Save(folder["a.safetensors"], parts);
                using var file = WeightFile.Open(folder["a.safetensors"]);
                Nf4Layout.Read(file, "a").Dispose();
            });
            case "csv": return (Table, bytes => CaptionTable.Rows(folder.Write("captions.csv", bytes)));
            case "jsonl": return (Objects, bytes => CaptionTable.Rows(folder.Write("metadata.jsonl", bytes)));
            case "kohya": return (Encoding.UTF8.GetBytes("{\n  \"a\": {\"caption\": \"rose\", \"tags\": \"red, \\u1ed3\", \"train_resolution\": [8, 8]},\n  \"/x/b.png\": {\"tags\": \"tulip\"}\n}\n"), bytes => CaptionTable.Rows(folder.Write("meta_cap.json", bytes)));
            case "mat": return (File.ReadAllBytes(Fixture.PathOf("flowers102/mixed.mat")), bytes => MatFile.Read(folder.Write("a.mat", bytes)));
            case "png": return (File.ReadAllBytes(Fixture.PathOf("pictures/orientation-after.png")), bytes => Imaging.Picture.Load(folder.Write("a.png", bytes)));
            case "shards":
                foreach (var shard in Directory.GetFiles(Path.GetDirectoryName(WeightFixtures.Path("x"))!, "shards-*")) File.Copy(shard, folder[Path.GetFileName(shard)]);
                return (File.ReadAllBytes(WeightFixtures.Path("shards.safetensors.index.json")), bytes => WeightFile.Open(folder.Write("shards.safetensors.index.json", bytes)).Dispose());
            default:
                const string layer = "base_model.model.a.to_k.";
                SafeTensors.Save(folder["adapter.safetensors"], new Dictionary<string, TorchSharp.torch.Tensor> { [layer + "lora_A.weight"] = TorchSharp.torch.ones(4, 4) });
                return (Encoding.UTF8.GetBytes(Peft), bytes =>
                {
                    folder.Write("adapter_config.json", bytes);
                    using var file = WeightFile.Open(folder["adapter.safetensors"]);
                    PeftConfig.Of(file, LoraLayout.Peft, LoraPart.UNet)!.ScaleOf("a.to_k", 4);
                });
        }
    }
}
