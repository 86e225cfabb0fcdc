using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Weights;

/// <summary>
/// A file of published weights, opened but not read: names, shapes and types are known, and each tensor is read
/// only when it is asked for, straight to its place.
/// </summary>
/// <remarks>
/// Reads safetensors, indexes of sharded safetensors (<c>*.index.json</c>), both layouts of PyTorch's <c>.pth</c>,
/// <c>.pt</c> and <c>.bin</c>, and the tensors of ONNX files. What the file is, its first bytes say, not its name. A pickle is read by a machine that can build
/// tensors and plain containers and nothing else; a file that asks for more is refused.
/// Dispose of it when the tensors are read; they do not need it any more.
/// </remarks>
public sealed class WeightFile : IDisposable
{
    private readonly IReadOnlyList<RawFile> files;
    private readonly Dictionary<string, WeightEntry> byName;

    private WeightFile(string path, IReadOnlyList<RawFile> files, WeightHeader header)
    {
        (Path, this.files, Entries, Metadata, Skipped) = (path, files, header.Entries, header.Metadata, header.Skipped);
        byName = Entries.ToDictionary(entry => entry.Name);
    }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>Its tensors: by place in the file for safetensors, in the order of the state_dict for PyTorch's files.</summary>
    public IReadOnlyList<WeightEntry> Entries { get; }

    /// <summary>The notes that a safetensors file carries, for example <c>format</c> = <c>pt</c>; empty for others.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Tensors of kinds that the course does not read, each with its kind: <c>sparse</c>, <c>quantized</c>.</summary>
    public IReadOnlyDictionary<string, string> Skipped { get; }

    /// <summary>The tensor of that name, not read yet.</summary>
    /// <exception cref="CourseException">There is none.</exception>
    public WeightEntry this[string name] => byName.TryGetValue(name, out var entry)
        ? entry
        : Skipped.TryGetValue(name, out var kind) ? throw new CourseException($"The tensor '{name}' of {Path} is {kind}: the course reads dense ones alone.")
        : throw new CourseException($"The weights file {Path} has no tensor '{name}'; it has {Listing.Of(byName.Keys)}.");

    /// <summary>Whether the file has a tensor of that name.</summary>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <summary>Opens a file and reads its header, and nothing more.</summary>
    /// <exception cref="CourseException">
    /// The file is missing, empty, cut short, damaged, no weights file at all, or a pickle that asks for more than tensors.
    /// </exception>
    public static WeightFile Open(string path)
    {
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return OpenShards(path);
        var file = RawFile.Open(path);
        try
        {
            return new WeightFile(path, [file], ReadHeader(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A file whose header was read elsewhere.</summary>
    internal static WeightFile Of(RawFile file, WeightHeader header) => new(file.Path, [file], header);

    /// <summary>Some of the tensors under other names, as a file that takes this one's place: dispose of that alone.</summary>
    /// <param name="rename">The tensor as it is to be called; null leaves it out.</param>
    /// <exception cref="CourseException">Two tensors would have one name.</exception>
    internal WeightFile Renamed(Func<WeightEntry, WeightEntry?> rename) => Remade(entry => rename(entry) is { } renamed ? [renamed] : []);

    /// <summary>The same for tensors that become several.</summary>
    internal WeightFile Remade(Func<WeightEntry, IEnumerable<WeightEntry>> remake)
    {
        List<WeightEntry> entries = [.. Entries.SelectMany(remake)];
        if (entries.GroupBy(entry => entry.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new CourseException($"The weights file {Path} names one tensor twice: {twice.Key}.");
        return new(Path, files, new(entries, Metadata, Skipped));
    }

    /// <summary>The tensors without what a trainer put before their names, as a file that takes this one's place; this one where it put nothing.</summary>
    /// <param name="known">Whether a name is one of those looked for.</param>
    internal WeightFile Unwrapped(Func<string, bool> known)
    {
        var prefix = NamePrefixes.Find(Entries.Select(entry => entry.Name), known);
        return prefix.Length == 0 ? this
            : Renamed(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal) ? entry.As(entry.Name[prefix.Length..], entry.Shape) : null);
    }

    /// <summary>Reads one tensor.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="device">Where it goes; the CPU when not given.</param>
    /// <param name="type">Its element type; the file's own when not given.</param>
    /// <returns>A new contiguous tensor, which belongs to the caller and to the dispose scope around the call.</returns>
    /// <exception cref="CourseException">There is no such tensor, or its element type is one that TorchSharp lacks.</exception>
    public Tensor Read(string name, torch.Device? device = null, ScalarType? type = null)
    {
        var entry = this[name];
        using var scope = NewDisposeScope();
        var tensor = empty([.. entry.Shape], type ?? TensorCopy.TypeOf(entry), device ?? CPU);
        TensorCopy.Copy(entry, tensor);
        return tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Copies every tensor of the file into a module, converting to the module's device and element types.</summary>
    /// <remarks>
    /// Names and shapes are compared before the first byte is copied: on a mismatch the module stays as it was.
    /// One tensor is converted at a time, a few megabytes of it at once, so that loading needs no memory of its own.
    /// </remarks>
    /// <param name="module">Its parameters and buffers are what must be filled: all of them, and nothing else.</param>
    /// <param name="rename">From a name in the file to the module's name; null leaves the tensor out on purpose. What trainers put before
    /// all names, such as <c>state_dict.</c> and <c>module.</c>, is taken off first.</param>
    /// <param name="averaged">Whether the averaged (EMA) weights are read, where a checkpoint has them beside the trained ones.</param>
    /// <exception cref="CourseException">
    /// Names are missing, unexpected or doubled, or shapes differ, or numbers are NaN: one line lists them all.
    /// </exception>
    public void LoadInto(nn.Module module, Func<string, string?>? rename = null, bool averaged = false)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (entry, _, target) in Match(module, rename, averaged)) TensorCopy.Copy(entry, target);
    }

    /// <summary>Gives a module that was built on the <c>meta</c> device its memory and its numbers, one tensor at a time, straight from the file.</summary>
    /// <param name="module">Of linear, convolutional, normalizing and embedding layers; its parameters are what must be filled.</param>
    /// <param name="device">Where it goes.</param>
    /// <param name="type">The type of its numbers, whatever the file's.</param>
    /// <param name="rename">As in <see cref="LoadInto"/>.</param>
    /// <exception cref="CourseException">The file does not fit, as in <see cref="LoadInto"/>; or memory ran out.</exception>
    public void LoadIntoEmpty(nn.Module module, Device device, ScalarType type, Func<string, string?>? rename = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var pairs = WeightMatch.Find(Path, Entries, module, rename ?? (name => name), averaged: false, Skipped);
        // They are looked for on the way: what is refused had no numbers before.
        NotANumber.RefuseFound(Path, MemoryShortage.Explained(() => EmptyModule.Fill(module, pairs, device, type),
            "close other programs, or load the weights in half precision"));
    }

    /// <summary>Closes the file; tensors that were read stay.</summary>
    public void Dispose()
    {
        foreach (var file in files) file.Dispose();
    }

    private IReadOnlyList<(WeightEntry Entry, string Name, Tensor Target)> Match(nn.Module module, Func<string, string?>? rename, bool averaged)
    {
        var pairs = WeightMatch.Find(Path, Entries, module, rename ?? (name => name), averaged, Skipped);
        NotANumber.Refuse(Path, pairs.Select(pair => pair.Entry));
        return pairs;
    }

    private static WeightHeader ReadHeader(RawFile file)
    {
        var start = file.Read(0, (int)Math.Min(file.Length, 512));
        if (SafeTensorsReader.Recognizes(start)) return SafeTensorsReader.Read(file);
        if (TorchZipReader.Recognizes(start)) return TorchZipReader.Read(file);
        if (TorchLegacyReader.Recognizes(start)) return TorchLegacyReader.Read(file);
        if (OnnxReader.Recognizes(start)) return OnnxReader.Read(file, 0, file.Length).Header;
        if (start.Length > 262 && start.AsSpan(257, 5).SequenceEqual("ustar"u8))
            throw file.Bad("it is a TAR archive, PyTorch's layout before 2017; load it with an old PyTorch and save it again");
        if (SafeTensorsReader.MayBe(start)) return SafeTensorsReader.Read(file);
        throw file.Bad(ForeignFile.Explain(start) ?? "it is neither safetensors nor a file of torch.save (ZIP or legacy) nor ONNX");
    }

    private static WeightFile OpenShards(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var shards = new Dictionary<string, WeightFile>();
        try
        {
            var entries = new List<WeightEntry>();
            foreach (var (name, shard) in ShardIndex.Read(path))
            {
                if (!shards.TryGetValue(shard, out var open))
                {
                    if (shard.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) throw new CourseException($"The index {path} names another index, {shard}, as a file of weights.");
                    shards[shard] = open = Open(System.IO.Path.Combine(folder, shard));
                }
                entries.Add(open[name]);
            }
            return new WeightFile(path, [.. shards.Values.SelectMany(shard => shard.files)], new(entries, WeightHeader.Nothing, WeightHeader.Nothing));
        }
        catch
        {
            foreach (var shard in shards.Values) shard.Dispose();
            throw;
        }
    }
}
