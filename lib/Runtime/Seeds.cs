using TorchSharp;

namespace ImageGen.Runtime;

/// <summary>Makes chance repeatable: the same seed, scale and machine give the same picture.</summary>
public static class Seeds
{
    /// <summary>The seed every lesson starts from unless it says otherwise.</summary>
    public const int Default = 7;

    /// <summary>Seeds torch on every device.</summary>
    public static void Set(int seed)
    {
        torch.manual_seed(seed);
        if (Compute.OnGpu) torch.cuda.manual_seed_all(seed);
    }

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
}
