#!/usr/bin/env dotnet
// Makes tests/Fixtures/resnet18.json: what ONNX Runtime computes with the published ResNet18.onnx at every layer, for a
// picture that the tests know by formula. Run it with: dotnet run make_resnet18.cs [FOLDER FOR WHOLE MAPS]
#:package Microsoft.ML.OnnxRuntime@1.31.1
#:property ManagePackageVersionsCentrally=false
#:property PublishAot=false
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

const int Size = 224, Samples = 256;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
    ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
var models = Path.Combine(packages, "microsoft.ml.dnnimagefeaturizer.resnet18", "0.23.1", "tools", "DnnImageModels");

// The graph's results after each layer's last ReLU, in order; the last is the pool's.
(string Layer, string Node)[] layers =
[
    ("stem", "ReLU253_Output_0"), ("layer1_1", "ReLU269_Output_0"), ("layer1_2", "ReLU283_Output_0"), ("layer2_1", "ReLU301_Output_0"),
    ("layer2_2", "ReLU315_Output_0"), ("layer3_1", "ReLU333_Output_0"), ("layer3_2", "ReLU347_Output_0"), ("layer4_1", "ReLU365_Output_0"),
    ("layer4_2", "ReLU379_Output_0"), ("layer4_3", "ReLU393_Output_0"), ("pooled", "Pooling395_Output_0"),
];

// Messages of Protocol Buffers that stand one after the other are one message: so the graph (7) gets further outputs (12).
var model = new List<byte>(File.ReadAllBytes(Path.Combine(models, "ResNet18Onnx", "ResNet18.onnx")));
foreach (var (_, node) in layers.SkipLast(1))
{
    var name = Encoding.UTF8.GetBytes(node);
    byte[] info = [1 * 8 + 2, (byte)name.Length, .. name];
    byte[] graph = [12 * 8 + 2, (byte)info.Length, .. info];
    model.AddRange([7 * 8 + 2, (byte)graph.Length, .. graph]);
}

var preprocessing = new InferenceSession(Path.Combine(models, "ResNetPrepOnnx", "ResNetPreprocess.onnx"));
var zero = new DenseTensor<float>([1, 3, Size, Size]);
using var preprocessed = preprocessing.Run([NamedOnnxValue.CreateFromTensor("OriginalInput", zero)]);
var minusMean = preprocessed.First().AsTensor<float>().ToArray();
var mean = Enumerable.Range(0, 3).Select(c => -minusMean.Skip(c * Size * Size).Take(Size * Size).Average(value => (double)value)).ToArray();

var input = new DenseTensor<float>([1, 3, Size, Size]);
for (var c = 0; c < 3; c++)
    for (var y = 0; y < Size; y++)
        for (var x = 0; x < Size; x++)
            input[0, 2 - c, y, x] = (float)(255.0 * (float)(0.5 + 0.5 * Math.Sin(c + 0.11 * x + 0.05 * y + 0.003 * x * y)) - mean[2 - c]);

using var session = new InferenceSession(model.ToArray());
using var results = session.Run([NamedOnnxValue.CreateFromTensor(session.InputMetadata.Keys.First(), input)]);
var fixture = new SortedDictionary<string, object>(StringComparer.Ordinal) { ["mean"] = mean };
foreach (var (layer, node) in layers)
{
    var tensor = results.First(result => result.Name == node).AsTensor<float>();
    var values = tensor.ToArray();
    if (args.Length > 0) File.WriteAllBytes(Path.Combine(args[0], layer + ".bin"), MemoryMarshal.AsBytes(values.AsSpan()));
    // Element (7919·i + 13) mod count: 7919 is prime, so that channels and places are all hit.
    fixture[layer] = new
    {
        shape = tensor.Dimensions.ToArray(),
        norm = Math.Sqrt(values.Sum(value => (double)value * value)),
        samples = Enumerable.Range(0, Samples).Select(i => values[(7919L * i + 13) % values.Length]).ToArray(),
    };
}
File.WriteAllText(Path.Combine(Path.GetDirectoryName(Source())!, "resnet18.json"), JsonSerializer.Serialize(fixture) + "\n");

static string Source([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;
