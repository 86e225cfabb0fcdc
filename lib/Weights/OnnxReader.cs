namespace ImageGen.Weights;

/// <summary>
/// Reads what of an ONNX file a network needs that is built by hand: the tensors of the graph (its initializers) and
/// the
/// list of its operations (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto: ModelProto, GraphProto, NodeProto
/// and
/// TensorProto, whose field numbers stand below). Attributes, types and subgraphs are passed over.
/// </summary>
internal sealed class OnnxReader
{
    private const int MostDimensions = 32, MostOperands = 4096;

    private readonly RawFile file;
    private readonly WireReader wire;
    private readonly List<WeightEntry> entries = [];
    private readonly List<OnnxNode> nodes = [];
    private readonly Dictionary<string, string> skipped = [], notes = [];
    private readonly HashSet<string> names = [];

    private OnnxReader(RawFile file) => (this.file, wire) = (file, new(file));

    /// <summary>Whether the file begins as ONNX files do: the format's version, below 32, then a field of
    /// text.</summary>
    internal static bool Recognizes(ReadOnlySpan<byte> start) =>
        start is [0x08, > 0 and < 32, 0x12 or 0x1a or 0x3a, ..];

    /// <summary>Reads the model in some bytes of the file.</summary>
    internal static (WeightHeader Header, IReadOnlyList<OnnxNode> Nodes) Read(RawFile file, long start, long length)
    {
        var reader = new OnnxReader(file);
        var graphs = 0;
        foreach (var field in reader.wire.Fields(start, length))
            switch (field.Number)
            {
                case 2 when field.Kind == WireField.Bytes: reader.notes["producer"] = reader.wire.Text(field); break;
                case 7 when field.Kind == WireField.Bytes: graphs++; reader.ReadGraph(field); break;
            }
        if (graphs == 0) throw file.Bad("it holds no graph: it is cut short, or no ONNX file");
        return (new(reader.entries, reader.notes, reader.skipped), reader.nodes);
    }

    private void ReadGraph(WireField graph)
    {
        foreach (var field in wire.Fields(graph.Start, graph.Length))
        {
            if (field.Number is not (1 or 5)) continue;
            if (field.Kind != WireField.Bytes) throw file.Bad($"its graph is damaged at byte {field.Start}");
            if (field.Number == 1) ReadNode(field);
            else ReadTensor(field);
        }
    }

    private void ReadNode(WireField node)
    {
        List<string>? inputs = null, outputs = null;
        var operation = "";
        foreach (var field in wire.Fields(node.Start, node.Length))
            switch (field.Number)
            {
                case 1: Add(ref inputs, wire.Text(field)); break;
                case 2: Add(ref outputs, wire.Text(field)); break;
                case 4: operation = wire.Text(field); break;
            }
        nodes.Add(new(operation, inputs ?? (IReadOnlyList<string>)[], outputs ?? (IReadOnlyList<string>)[]));

        void Add(ref List<string>? list, string name)
        {
            if ((list ??= []).Count == MostOperands) throw file.Bad(
                $"an operation of its graph has over {MostOperands} operands");
            list.Add(name);
        }
    }

    private void ReadTensor(WireField tensor)
    {
        List<long> shape = [];
        WireField? raw = null, floats = null, doubles = null;
        var (name, type, kind) = ("", ElementType.Other, (string?)null);
        ulong code = 0;
        foreach (var field in wire.Fields(tensor.Start, tensor.Length))
            switch (field.Number)
            {
                case 1: wire.Integers(field, shape, MostDimensions); break;
                case 2: (code, type) = (field.Value, TypeOf(field.Value)); break;
                case 3: kind = "a segment of a larger one"; break;
                case 4 when field.Kind == WireField.Bytes && floats is null: floats = field; break;
                case 4 or 10 when field.Kind != WireField.Bytes: kind = "written number by number"; break;
                case 5 or 6 or 7 or 11 when field.Length > 0
                    || field.Kind == WireField.Varint: kind =
                    "written as text or as integers of variable length"; break;
                case 8: name = wire.Text(field); break;
                case 9 when field.Kind == WireField.Bytes && raw is null: raw = field; break;
                case 10 when doubles is null: doubles = field; break;
                case 14 when field.Value != 0: kind = "in another file"; break;
                case 4 or 9 or 10: throw file.Bad($"its tensor '{name}' has its numbers twice");
            }
        if (!names.Add(name)) throw file.Bad($"it names the tensor '{name}' twice");
        if (TensorShape.Count([.. shape]) is not { } count) throw file.Bad(
            $"its tensor '{name}' has the shape {WeightEntry.ShapeText(shape)}, which none can have");
        // The lists of floats and doubles are their bytes, one after the other, as in memory.
        var bytes = raw ?? (type is ElementType.F32 ? floats : type is ElementType.F64 ? doubles : null);
        if (kind is null && bytes is null && count > 0) kind = floats is null && doubles is null ? "without numbers"
            : "of a type that is not its numbers'";
        if (kind is not null)
        {
            skipped[name] = kind;
            return;
        }
        var (start, length) = bytes is { } found ? (found.Start, found.Length) : (tensor.Start, 0);
        if (type is ElementType.Other ? count > 8 * length : (UInt128)(ulong)count * (uint)type.Size() != (ulong)length)
            throw file.Bad($"its tensor '{name}' has {length} bytes, which is not {TypeName(type, code)} " +
                $"{WeightEntry.ShapeText(shape)}: it is damaged");
        entries.Add(new(name, type, shape, new(file, start), TypeName(type, code)));
    }

    // TensorProto.DataType
    private static ElementType TypeOf(ulong code) => code switch
    {
        1 => ElementType.F32,
        2 => ElementType.U8,
        3 => ElementType.I8,
        4 => ElementType.U16,
        5 => ElementType.I16,
        6 => ElementType.I32,
        7 => ElementType.I64,
        9 => ElementType.Bool,
        10 => ElementType.F16,
        11 => ElementType.F64,
        12 => ElementType.U32,
        13 => ElementType.U64,
        16 => ElementType.BF16,
        _ => ElementType.Other,
    };

    private static string TypeName(ElementType type, ulong code) =>
        type is ElementType.Other ? $"ONNX type {code}" : type.SafeTensorsName();
}
