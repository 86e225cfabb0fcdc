using TorchSharp;

namespace ImageGen.Runtime;

/// <summary>Makes chance repeatable: the same seed, scale and machine give the same picture.</summary>
public static class Seeds
{
    /// <summary>The seed every lesson starts from unless it says otherwise.</summary>
    public const int Default = 7;

    private static int current = Default;

    /// <summary>The seed in force.</summary>
    public static int Current => current;

    /// <summary>Seeds torch on every device, and what <see cref="NewRandom"/> hands out from now on.</summary>
    public static void Set(int seed)
    {
        current = seed;
        torch.manual_seed(seed);
        if (Compute.OnGpu) torch.cuda.manual_seed_all(seed);
    }

    /// <summary>A generator for plain C# code, at the start of the sequence that belongs to the seed in force.</summary>
    /// <param name="stream">Tells users of one seed apart, so that they do not draw the same numbers.</param>
    public static Random NewRandom(int stream = 0) => new(HashCode(current, stream));

    /// <summary>
    /// The seed of one step of a training, so that step n draws the same numbers whether or not the training was
    /// interrupted before it. Neighboring steps have seeds that are nothing alike (SplitMix64's mixing).
    /// </summary>
    public static long At(int seed, int step)
    {
        var z = unchecked((ulong)(uint)seed * 0x9E3779B97F4A7C15 + (ulong)(uint)step + 1) * 0x9E3779B97F4A7C15;
        z = unchecked((z ^ z >> 30) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ z >> 27) * 0x94D049BB133111EB);
        return (long)((z ^ z >> 31) >> 1);
    }

    // System.HashCode differs from process to process; this one must not. (The constant is 2^32 / golden ratio.)
    private static int HashCode(int seed, int stream) => unchecked(seed ^ (int)((uint)stream * 0x9E3779B9u));
}
