using System.Buffers.Binary;
using System.Text;

namespace ImageGen.Tests;

/// <summary>A float32 tensor to be stored.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Last">Its last elements, perhaps all; those before are 0, and nobody writes them: the system gives no disk to such stretches.</param>
internal sealed record StoredTensor(string Name, long[] Shape, float[] Last)
{
    public long Count => Shape.Aggregate(1L, (count, side) => count * side);
}

/// <summary>
/// Writes a state_dict as <c>torch.save</c> does, in both layouts. The older one is written as before PyTorch 0.4, as the files of
/// torchvision's VGG were: <c>_rebuild_tensor</c>, and six items to a storage.
/// </summary>
internal static class TorchSave
{
    private const int Alignment = 64;

    public static void Legacy(string path, IReadOnlyList<StoredTensor> tensors)
    {
        using var file = File.Create(path);
        file.Write([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.']);
        file.Write(new Pickle().Int(1001).End());
        var machine = new Pickle().Raw("}(").Text("protocol_version").Int(1001).Text("little_endian").Raw("\u0088").Text("type_sizes")
            .Raw("}(").Text("int").Int(4).Text("long").Int(4).Text("short").Int(2).Raw("uu");
        file.Write(machine.End());
        file.Write(StateDict(tensors, old: true));
        var keys = new Pickle().Raw("](");
        for (var i = 0; i < tensors.Count; i++) keys.Text(Key(i));
        file.Write(keys.Raw("e").End());
        foreach (var tensor in tensors)
        {
            file.Write(BitConverter.GetBytes(tensor.Count));
            Write(file, tensor);
        }
    }

    public static void Zip(string path, IReadOnlyList<StoredTensor> tensors)
    {
        using var file = File.Create(path);
        var directory = new MemoryStream();
        var entries = 0;
        var pickle = StateDict(tensors, old: false);
        Add("archive/data.pkl", pickle.Length, () => file.Write(pickle));
        for (var i = 0; i < tensors.Count; i++) Add($"archive/data/{Key(i)}", 4 * tensors[i].Count, () => Write(file, tensors[i]));
        Add("archive/version", 2, () => file.Write("3\n"u8));
        var start = file.Position;
        file.Write(directory.ToArray());
        file.Write(Fields("PK\u0005\u0006", 4, 0, 2, entries, 2, entries, 4, directory.Length, 4, start, 2, 0));

        // Neither ours nor PyTorch's reader looks at the checksums of the parts: they are 0.
        void Add(string name, long length, Action write)
        {
            var header = file.Position;
            var padding = Alignment - 1 - (header + 30 + name.Length + 4 + Alignment - 1) % Alignment;
            file.Write(Fields("PK\u0003\u0004", 10, 0, 4, 0, 4, length, 4, length, 2, name.Length, 2, 4 + padding));
            file.Write(Encoding.ASCII.GetBytes(name));
            file.Write(Fields("FB", 2, padding));
            file.Write(new byte[padding]);
            write();
            directory.Write(Fields("PK\u0001\u0002", 12, 0, 4, 0, 4, length, 4, length, 2, name.Length, 12, 0, 4, header));
            directory.Write(Encoding.ASCII.GetBytes(name));
            entries++;
        }
    }

    private static byte[] StateDict(IReadOnlyList<StoredTensor> tensors, bool old)
    {
        var pickle = new Pickle().Global("collections", "OrderedDict").Raw(")R(");
        for (var i = 0; i < tensors.Count; i++)
        {
            var (name, shape, _) = tensors[i];
            pickle.Text(name).Global("torch._utils", old ? "_rebuild_tensor" : "_rebuild_tensor_v2");
            pickle.Raw("((").Text("storage").Global("torch", "FloatStorage").Text(Key(i)).Text("cpu").Int(tensors[i].Count).Raw(old ? "NtQ" : "tQ");
            pickle.Int(0).Raw("(");
            foreach (var side in shape) pickle.Int(side);
            pickle.Raw("t(");
            for (var d = 0; d < shape.Length; d++) pickle.Int(shape[(d + 1)..].Aggregate(1L, (count, side) => count * side));
            pickle.Raw("t");
            if (!old) pickle.Raw("\u0089").Global("collections", "OrderedDict").Raw(")R");
            pickle.Raw("tR");
        }
        return pickle.Raw("u").End();
    }

    private static string Key(int index) => $"{94_000_000 + index}";

    private static void Write(FileStream file, StoredTensor tensor)
    {
        file.Seek(4 * (tensor.Count - tensor.Last.Length), SeekOrigin.Current);
        file.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(tensor.Last));
    }

    // A mark, then numbers, each after its width in bytes.
    private static byte[] Fields(string mark, params long[] fields)
    {
        var bytes = new List<byte>(Encoding.Latin1.GetBytes(mark));
        var number = new byte[16];
        for (var i = 0; i < fields.Length; i += 2)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, fields[i + 1]);
            bytes.AddRange(number[..(int)fields[i]]);
        }
        return [.. bytes];
    }

    /// <summary>A pickle of protocol 2: what was named once is taken from the memo after that, as Python does.</summary>
    private sealed class Pickle
    {
        private readonly MemoryStream bytes = new();
        private readonly Dictionary<string, byte> memo = [];

        public Pickle() => Raw("\u0080\u0002");

        public Pickle Raw(string program)
        {
            bytes.Write(Encoding.Latin1.GetBytes(program));
            return this;
        }

        public Pickle Int(long value) => value < 256 ? Raw($"K{(char)value}") : Raw("J" + Encoding.Latin1.GetString(BitConverter.GetBytes((int)value)));

        public Pickle Text(string text) => Once($"X{(char)text.Length}\0\0\0{text}");

        public Pickle Global(string module, string name) => Once($"c{module}\n{name}\n");

        public byte[] End()
        {
            Raw(".");
            return bytes.ToArray();
        }

        private Pickle Once(string program)
        {
            if (memo.TryGetValue(program, out var place)) return Raw($"h{(char)place}");
            place = (byte)memo.Count;
            memo.Add(program, place);
            return Raw($"{program}q{(char)place}");
        }
    }
}
