using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// Classifier-free guidance (Ho and Salimans, arXiv 2207.12598): what the text changes in the prediction, made
/// stronger.
/// </summary>
/// <param name="Scale">
/// g: 0 follows the negative prompt alone, 1 the text as it is, 7.5 is Stable Diffusion's usual.
/// </param>
/// <param name="Rescale">
/// φ, 0 to 1: how far the result is given back the text's own deviation (Lin and others, arXiv 2305.08891).
/// </param>
/// <param name="Start">
/// Where on the way from noise, 0, to picture, 1, guidance sets in. Where all is noise it takes variety from the
/// pictures, and in the end it does nothing but cost (Kynkäänniemi and others, "guidance in a limited interval", arXiv
/// 2404.07724).
/// </param>
/// <param name="Stop">Where on that way it leaves off.</param>
public readonly record struct Guidance(double Scale = 1, double Rescale = 0, double Start = 0, double Stop = 1)
{
    /// <summary>Whether the prediction without the text is needed at all.</summary>
    public bool NeedsBoth => Scale != 1 && Start < Stop;

    /// <summary>Whether it is needed at a place of the way.</summary>
    /// <param name="way">0 where all is noise, 1 where none is: 1 − t / T.</param>
    public bool NeedsBothAt(double way) => NeedsBoth && way >= Start && way <= Stop;

    /// <summary>u + g·(c − u), rescaled.</summary>
    /// <param name="without">u, the prediction without the text, <c>[B, C, H, W]</c>.</param>
    /// <param name="with">c, the prediction with it.</param>
    public Tensor Combine(Tensor without, Tensor with)
    {
        using var scope = NewDisposeScope();
        var guided = without + Scale * (with - without);
        if (Rescale > 0)
        {
            long[] all = [1, 2, 3];
            var likeText = guided * (with.std(all, keepdim: true) / guided.std(all, keepdim: true));
            guided = Rescale * likeText + (1 - Rescale) * guided;
        }
        return guided.MoveToOuterDisposeScope();
    }

    internal Guidance Checked()
    {
        if (!double.IsFinite(Scale) || Scale is < 0 or > 100)
            throw new CourseException($"The guidance scale is {Scale}: it must be a number from 0 to 100; 1 is none, 2 "
                + "to 8 are usual.");
        if (Rescale is not (>= 0 and <= 1))
            throw new CourseException($"The guidance rescale is {Rescale}: it must be from 0 to 1.");
        if (!(0 <= Start && Start <= Stop && Stop <= 1))
            throw new CourseException($"Guidance is to start at {Start} and stop at {Stop} of the way: these must be "
                + "from 0 to 1, the start not behind the stop.");
        return this;
    }
}
