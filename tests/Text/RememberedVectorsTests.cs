using ImageGen.Runtime;
using ImageGen.Text;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class RememberedVectorsTests
{
    [Fact]
    public void AVectorWithNaNIsNamedByItsCaptionAndNotRemembered()
    {
        using var scope = NewDisposeScope();
        var encoder = new Failing();
        var remembered = new RememberedVectors(encoder);
        var message = Assert.Throws<CourseException>(() => remembered.Encode(["a red rose", "a bad rose", "a rose"])).Message;
        Assert.Contains("gives the caption 'a bad rose' a vector with numbers that are none (NaN)", message);
        encoder.Fails = false;
        Assert.False(remembered.Encode(["a bad rose"]).isnan().any().item<bool>());
    }

    private sealed class Failing : ICaptionEncoder
    {
        public bool Fails { get; set; } = true;

        public string Name => "An encoder";

        public int Width => 2;

        public Tensor Encode(IReadOnlyList<string> captions) => stack([.. captions.Select(caption => full([2], Fails && caption.Contains("bad") ? double.NaN : 1, dtype: ScalarType.Float32))]);
    }
}
