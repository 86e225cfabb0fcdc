using System.Globalization;
using ImageGen.Adapters;
using ImageGen.Diffusion;
using ImageGen.Text;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>Where numbers are written with a comma, as in Germany, Turkey and Vietnam, files stay what they are.</summary>
public class CommaTests
{
    [Fact]
    public void WhatIsWrittenUnderACommaIsReadEverywhere()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (comma.NumberFormat.NumberDecimalSeparator, comma.NumberFormat.NumberGroupSeparator, comma.NumberFormat.NegativeSign) = (",", ".", "−");
        try
        {
            CultureInfo.CurrentCulture = comma;
            Assert.Equal("-1,5".Replace('-', '−'), $"{-1.5}"); // the culture is in force
            using var small = DiffusionFixtures.Small();
            StableDiffusion.Save(small, folder["model"]);
            using var unet = AdapterFixtures.TinyUNet();
            using (var lora = Lora.Attach(unet, new() { Rank = 2, Alpha = 2.5 }))
                foreach (var layout in Enum.GetValues<LoraLayout>()) LoraFile.Save(lora, folder[$"{layout}.safetensors"], layout);
            using var quantized = QuantizedModel.Of(nn.Sequential(("a", nn.Linear(64, 64))));
            quantized.Save(folder["four.safetensors"]);
            Assert.Equal(1.3, PromptWeights.Parse("(rose:1.3)")[0].Weight);
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            AssertAll();
            CultureInfo.CurrentCulture = comma;
            AssertAll();

            void AssertAll()
            {
                using var model = StableDiffusion.Open(folder["model"], CPU);
                Assert.Equal(small.Config.BetaStart, model.Config.BetaStart);
                Assert.Equal(small.Autoencoder.Config.ScalingFactor, model.Autoencoder.Config.ScalingFactor);
                foreach (var layout in Enum.GetValues<LoraLayout>())
                {
                    using var read = LoraFile.Attach(unet, folder[$"{layout}.safetensors"]);
                    Assert.All(read.Layers.Values, layer => Assert.Equal(1.25, layer.Scale));
                }
                using var again = QuantizedModel.Load(nn.Sequential(("a", nn.Linear(64, 64))), folder["four.safetensors"]);
                Assert.Equal(quantized.Layers["a"].Offset, again.Layers["a"].Offset);
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
