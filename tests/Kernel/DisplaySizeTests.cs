using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Display;
using ImageGen.Imaging;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests.Kernel;

/// <summary>Charts drawn for a fine screen say in a notebook's own way how wide they are to be shown.</summary>
public sealed class DisplaySizeTests
{
    [Fact]
    public void A_chart_of_1280_pixels_is_640_wide()
    {
        var bundle = MimeBundle.From(Chart.Line(("loss", new[] { 3.0, 2 })));
        Assert.Equal("""{"image/png":{"width":640}}""", DisplaySize.Metadata(bundle).ToJsonString());
    }

    [Fact]
    public void A_notebook_keeps_the_width_through_an_update()
    {
        var (cell, outputs) = (new NotebookCell(JsonNode.Parse("""{"cell_type": "code", "outputs": []}""")!.AsObject()), new NotebookOutputs());
        outputs.Add(cell, new DisplayOutput("a", MimeBundle.From("text")));
        Assert.Empty(cell.Outputs[0]!["metadata"]!.AsObject());
        outputs.Add(cell, new UpdateDisplay("a", MimeBundle.From(Chart.Line(("loss", new[] { 3.0, 2 })) with { Width = 500 })));
        Assert.Equal(500, (int?)cell.Outputs[0]!["metadata"]!["image/png"]!["width"]);
        outputs.Add(cell, new ResultOutput(MimeBundle.From(Chart.Line(("loss", new[] { 3.0, 2 })))));
        Assert.Equal(640, (int?)cell.Outputs[1]!["metadata"]!["image/png"]!["width"]);
    }

    [Fact]
    public void A_picture_has_its_own_size()
    {
        Assert.Empty(DisplaySize.Metadata(MimeBundle.From(Picture.FromTensor(TorchSharp.torch.zeros(3, 20, 30)))));
        // pHYs of an ordinary screen (96 to the inch), and of no known unit.
        foreach (var (perMeter, unit) in new[] { (3780, 1), (7560, 0) })
        {
            var png = Chart.Line(("loss", new[] { 3.0, 2 })).ToPng();
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(41), perMeter);
            png[49] = (byte)unit;
            Assert.Empty(DisplaySize.Metadata(new JsonObject { ["image/png"] = Convert.ToBase64String(png) }));
        }
    }

    [Theory]
    [InlineData("""{"image/png": "AAAA"}""")]
    [InlineData("""{"image/png": "not base64, though it is long enough to hold the head of a picture, which is what is read of it"}""")]
    [InlineData("""{"image/png": 5}""")]
    [InlineData("""{"text/plain": "x"}""")]
    public void What_is_no_picture_has_no_size(string bundle) => Assert.Empty(DisplaySize.Metadata(JsonNode.Parse(bundle)!.AsObject()));
}
