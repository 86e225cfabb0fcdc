namespace ImageGen.Imaging;

/// <summary>The values that stand for black and white in a tensor of pixels.</summary>
public enum PixelRange
{
    /// <summary>Black is 0, white is 1: pictures as this library hands them around.</summary>
    ZeroToOne,

    /// <summary>Black is −1, white is 1: what generators that end in tanh, and diffusion models, work in.</summary>
    MinusOneToOne,
}
