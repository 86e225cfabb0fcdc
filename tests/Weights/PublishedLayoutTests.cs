using System.Buffers.Binary;
using System.Text;
using ImageGen.Diffusion;
using ImageGen.Text;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>
/// The names and shapes of the published files, as make_layouts.py built them from the descriptions, against our models at their
/// true size. The files are written with their true headers and lengths, and nothing in them: the system gives no disk to
/// stretches that nobody wrote.
/// </summary>
public sealed class PublishedLayoutTests
{
    private static readonly Device Meta = new(DeviceType.META);

    [Theory]
    [InlineData("sd15-unet", 686, 3_438_167_540L)]
    [InlineData("sd15-vae", 248, 334_643_276L)]
    [InlineData("sd15-text_encoder", 197, 492_265_874L)]
    [InlineData("bert", 206, 440_449_768L)]
    [InlineData("clip", 400, null)]
    [InlineData("vgg19", 38, null)]
    public void EveryTensorOfThePublishedFileHasItsPlaceAndNoPlaceIsLeft(string layout, int tensors, long? publishedBytes)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = Write(folder, layout);
        using var file = WeightFile.Open(path);
        Assert.Equal(tensors, file.Entries.Count);
        // Other orders of the tensors have other digits in the header.
        if (publishedBytes is { } bytes) Assert.InRange(new FileInfo(path).Length - bytes, -8, 8);
        foreach (var (model, rename) in ModelsOf(layout))
        {
            Assert.Equal(model.state_dict().Count, WeightMatch.Find(path, file.Entries, model, rename).Count);
            model.Dispose();
        }
    }

    [Fact]
    public void ANameTooManyOrTooFewWouldBeSeen()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new AutoencoderKL(AutoencoderConfig.StableDiffusion, Meta);
        using var file = WeightFile.Open(Write(folder, "sd15-vae"));
        var without = file.Entries.Where(entry => entry.Name != "quant_conv.bias").ToList();
        Assert.Contains("1 missing: quant_conv.bias", Assert.Throws<Runtime.CourseException>(() => WeightMatch.Find(file.Path, without, model, AutoencoderKL.Rename)).Message);
        Assert.Contains("unexpected: decoder.mid_block.attentions.0.", Assert.Throws<Runtime.CourseException>(() => WeightMatch.Find(file.Path, file.Entries, model, name => name)).Message);
    }

    private static IEnumerable<(nn.Module Model, Func<string, string?> Rename)> ModelsOf(string layout)
    {
        switch (layout)
        {
            case "sd15-unet": yield return (new UNet(UNetConfig.StableDiffusion, Meta), name => name); break;
            case "sd15-vae": yield return (new AutoencoderKL(AutoencoderConfig.StableDiffusion, Meta), AutoencoderKL.Rename); break;
            case "sd15-text_encoder":
                var text = new ClipTextEncoder(ClipTextConfig.StableDiffusion, Meta);
                yield return (text, text.Rename);
                break;
            case "bert":
                var encoder = new BertEncoder(BertConfig.Base, device: Meta);
                yield return (encoder, encoder.Rename);
                var words = new MaskedLanguageModel(BertConfig.Base, Meta);
                yield return (words, words.Rename);
                break;
            case "clip": yield return (new ClipModel(ClipTextConfig.Base, ClipVisionConfig.Base, Meta), ClipModel.Rename); break;
            // The classifier behind the features is left out.
            default: yield return (new VggFeatures(), name => name.StartsWith("features.", StringComparison.Ordinal) ? name : null); break;
        }
    }

    private static string Write(TemporaryFolder folder, string layout)
    {
        var header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        long at = 0;
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", "layouts", $"{layout}.txt")).Select(line => line.Split(' '));
        foreach (var fields in lines.OrderByDescending(fields => fields[1] == "I64"))
        {
            long[] shape = fields.Length > 2 ? [.. fields[2].Split('x').Select(long.Parse)] : [];
            var end = at + shape.Aggregate(fields[1] == "I64" ? 8L : 4L, (count, side) => count * side);
            header.Append($",\"{fields[0]}\":{{\"dtype\":\"{fields[1]}\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{at},{end}]}}");
            at = end;
        }
        var bytes = Encoding.ASCII.GetBytes(header.Append('}').ToString());
        using var file = File.Create(folder["model.safetensors"]);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        file.Write(length);
        file.Write(bytes);
        file.SetLength(8 + bytes.Length + at);
        return file.Name;
    }
}
