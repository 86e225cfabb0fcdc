namespace ImageGen.Data;

/// <summary>
/// Random numbers that are the same on every machine, in every version of .NET: SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014). A stream is named by one 64-bit key, so that any element
/// of a data set can be made without making those before it.
/// </summary>
public sealed class SplitMix64(ulong key)
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    private ulong state = key;

    /// <summary>A stream of its own for <paramref name="element"/> of the stream <paramref name="key"/>.</summary>
    public static SplitMix64 Stream(ulong key, ulong element) => new(Mix(Mix(key + GoldenGamma) ^ element));

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits() => Mix(state += GoldenGamma);

    /// <summary>A whole number from 0 up to, but not, <paramref name="below"/>.</summary>
    public int Next(int below) => (int)((NextBits() >> 32) * (ulong)below >> 32);

    /// <summary>A number in [0, 1), in steps of 2⁻²⁴, which a float holds exactly.</summary>
    public float NextUnit() => (NextBits() >> 40) * (1f / (1 << 24));

    /// <summary>A number between the two, each as likely.</summary>
    public float Between(float low, float high) => low + (high - low) * NextUnit();

    /// <summary>A number within <paramref name="spread"/> of <paramref name="middle"/>, the middle the likeliest.</summary>
    public float Around(float middle, float spread) => middle + spread * (NextUnit() + NextUnit() - 1);

    /// <summary>Whether something of this probability happens.</summary>
    public bool Chance(float probability) => NextUnit() < probability;

    /// <summary>One of the choices, each as likely.</summary>
    public T Pick<T>(ReadOnlySpan<T> choices) => choices[Next(choices.Length)];

    /// <summary>Puts the items in a random order (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>The finalizer: a bijection of 64 bits in which every bit of the input reaches every bit of the output.</summary>
    public static ulong Mix(ulong bits)
    {
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }
}
