using System.Security.Cryptography;
using System.Text;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Diffusion;

/// <summary>
/// What is encoded so far, a file a part: pictures of 512 × 512 take a processor seconds each, and an encoding that was
/// stopped goes on after its last part. Each row is found again by what was encoded, not by its place: so a training
/// with more steps, or one more picture, encodes only what is missing.
/// </summary>
/// <param name="folder">A folder of the parts' own.</param>
/// <param name="key">With what it is encoded: parts of something else are not taken.</param>
public sealed class EncodedParts(string folder, string key)
{
    private const string KeyNote = "with", Ids = "ids", Ending = ".safetensors";
    private const int IdBytes = 16;

    /// <summary>What a picture is known by: a hash of its pixels.</summary>
    internal static string IdOf(Picture picture)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{picture.Width}×{picture.Height}"));
        hash.AppendData(picture.Rgb);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, IdBytes));
    }

    /// <summary>What a caption is known by.</summary>
    internal static string IdOf(string caption) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(caption)).AsSpan(0, IdBytes));

    /// <summary>
    /// Where things are: file and row by id. Files that are damaged, or of something else, are passed over.
    /// </summary>
    /// <param name="kind">Pictures or captions.</param>
    internal IReadOnlyDictionary<string, (string File, long Row)> Index(string kind)
    {
        var found = new Dictionary<string, (string, long)>();
        if (!Directory.Exists(folder)) return found;
        foreach (var path in Directory.EnumerateFiles(folder, $"{kind}-*{Ending}").Order(StringComparer.Ordinal))
        {
            try
            {
                using var scope = NewDisposeScope();
                using var file = WeightFile.Open(path);
                if (file.Metadata.GetValueOrDefault(KeyNote) != key || !file.Contains(Ids)) continue;
                var ids = file.Read(Ids).data<byte>().ToArray().Chunk(IdBytes).Select(
                    id => Convert.ToHexStringLower(id)).ToArray();
                for (var row = 0; row < ids.Length; row++) found[ids[row]] = (path, row);
            }
            catch (CourseException)
            {
                // it is encoded again
            }
        }
        return found;
    }

    /// <summary>Some rows of a part.</summary>
    /// <returns>Tensors by name, on the CPU; they belong to the caller's dispose scope.</returns>
    internal static IReadOnlyDictionary<string, Tensor> Read(string path, IReadOnlyList<long> rows)
    {
        using var scope = NewDisposeScope();
        using var file = WeightFile.Open(path);
        var which = tensor(rows.ToArray());
        return file.Entries.Where(entry => entry.Name != Ids).ToDictionary(
            entry => entry.Name, entry => file.Read(entry.Name).index_select(0, which).MoveToOuterDisposeScope());
    }

    /// <summary>Keeps a part.</summary>
    /// <param name="kind">Pictures or captions.</param>
    /// <param name="ids">What the rows are known by.</param>
    /// <param name="tensors">By name; a row each.</param>
    /// <exception cref="CourseException">The file cannot be written.</exception>
    internal void Keep(string kind, IReadOnlyList<string> ids, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(folder);
        byte[] all = [.. ids.SelectMany(Convert.FromHexString)];
        // Of the same things there is one file: a damaged one is replaced.
        var id = SHA256.HashData([.. Encoding.UTF8.GetBytes(key), .. all]).AsSpan(0, IdBytes);
        var name = $"{kind}-{Convert.ToHexStringLower(id)}{Ending}";
        var whole = new Dictionary<string, Tensor>(tensors) { [Ids] = tensor(all, [ids.Count, IdBytes]) };
        SafeTensors.Save(
            Path.Combine(folder, name), whole, metadata: new Dictionary<string, string> { [KeyNote] = key });
    }
}

/// <summary>How far an encoding is.</summary>
/// <param name="What">What is encoded just now: pictures or captions.</param>
/// <param name="Done">How many of them are.</param>
/// <param name="Count">Of how many.</param>
/// <param name="Left">How long these will take at the pace so far; null where nothing was measured yet.</param>
public sealed record EncodingProgress(string What, int Done, int Count, TimeSpan? Left);
