using System.Buffers.Binary;

namespace ImageGen.Weights;

/// <summary>
/// Reads a Python pickle of protocols 2 to 5 that is made of plain values, containers and tensors, and nothing else.
/// </summary>
/// <remarks>
/// A pickle is a program for a small stack machine, and in Python one of its instructions calls any function it names:
/// that is how a weights file can run code. This machine knows a dozen names (<see cref="TorchGlobals"/>), refuses every other by
/// name, and calls nothing. The instructions are those of Python's <c>pickletools</c>.
/// </remarks>
internal sealed class Unpickler(PickleInput input, TorchGlobals globals)
{
    // Every instruction costs at least a byte and makes at most one object: this bounds the memory of a hostile file.
    private const int MostInstructions = 20_000_000;

    private static readonly object Mark = new();

    private readonly List<object?> stack = [];
    private readonly Dictionary<uint, object?> memo = [];

    internal object? Read()
    {
        for (var i = 0; i < MostInstructions; i++)
        {
            var at = input.Position;
            var code = input.Byte();
            if (code == '.') return Pop();
            Execute(code, at);
        }
        throw input.File.Bad($"the pickle in it has over {MostInstructions} instructions");
    }

    private void Execute(byte code, long at)
    {
        switch (code)
        {
            case 0x80: // PROTO
                var protocol = input.Byte();
                if (protocol is < 2 or > 5) throw input.File.Bad($"it is a pickle of protocol {protocol}, and only 2 to 5 are read");
                break;
            case 0x95: input.Unsigned(8); break; // FRAME: only a hint for buffering
            case (byte)'(': Push(Mark); break;
            case (byte)'0': Pop(); break;
            case (byte)'1': PopMark(); break;
            case (byte)'2': Push(Peek()); break;

            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)(int)input.Unsigned(4)); break;
            case (byte)'K': Push((long)input.Byte()); break;
            case (byte)'M': Push((long)input.Unsigned(2)); break;
            case 0x8a: Push(Long(input.Byte())); break;
            case 0x8b: Push(Long(input.Unsigned(4))); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(input.Bytes(8))); break;
            case (byte)'U' or 0x8c: Push(input.Text(input.Byte())); break;
            case (byte)'T' or (byte)'X': Push(input.Text(input.Unsigned(4))); break;
            case 0x8d: Push(input.Text(input.Unsigned(8))); break;
            case (byte)'C': Push(input.Bytes(input.Byte())); break;
            case (byte)'B': Push(input.Bytes(input.Unsigned(4))); break;
            case 0x8e or 0x96: Push(input.Bytes(input.Unsigned(8))); break; // bytes, a bytearray

            case (byte)')': Push(new PickleTuple([])); break;
            case 0x85: Push(new PickleTuple([Pop()])); break;
            case 0x86: Push(Tuple(2)); break;
            case 0x87: Push(Tuple(3)); break;
            case (byte)'t': Push(new PickleTuple(PopMark())); break;
            case (byte)']' or 0x8f: Push(new PickleList()); break; // a set reads as a list
            case (byte)'l' or 0x91: Push(Extend(new PickleList(), PopMark())); break;
            case (byte)'a': var item = Pop(); Extend(Peek(), [item]); break;
            case (byte)'e' or 0x90: var items = PopMark(); Extend(Peek(), items); break;
            case (byte)'}': Push(new PickleDict()); break;
            case (byte)'d': Push(Fill(new PickleDict(), PopMark())); break;
            case (byte)'s': var value = Pop(); var key = Pop(); Fill(Peek(), [key, value]); break;
            case (byte)'u': var pairs = PopMark(); Fill(Peek(), pairs); break;

            case (byte)'h': Push(Recall(input.Byte())); break;
            case (byte)'j': Push(Recall((uint)input.Unsigned(4))); break;
            case (byte)'q': memo[input.Byte()] = Peek(); break;
            case (byte)'r': memo[(uint)input.Unsigned(4)] = Peek(); break;
            case 0x94: memo[(uint)memo.Count] = Peek(); break;

            case (byte)'c': Push(globals.Find(input.Line(), input.Line())); break;
            case 0x93: var name = Pop(); Push(globals.Find(Pop() as string ?? "?", name as string ?? "?")); break;
            case (byte)'R': var arguments = Pop(); Push(globals.Call(Pop(), arguments)); break;
            case 0x81: var made = Pop(); Push(globals.Make(Pop(), made)); break; // NEWOBJ
            case (byte)'b': // BUILD: an OrderedDict's or a passed-over value's own attributes, which say nothing of tensors
                Pop();
                if (Peek() is not PickleOpaque) RequireDict(Peek());
                break;
            case (byte)'Q': Push(globals.Storage(Pop())); break;
            default: throw input.File.Bad($"the pickle in it has the instruction 0x{code:x2} at byte {at}, which no weights file needs");
        }
    }

    private void Push(object? value) => stack.Add(value);

    private object? Peek() => stack is [.., var top] && top != Mark ? top : throw Damaged();

    private object? Pop()
    {
        var top = Peek();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private object?[] PopMark()
    {
        var mark = stack.LastIndexOf(Mark);
        if (mark < 0) throw Damaged();
        object?[] items = [.. stack[(mark + 1)..]];
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    private PickleTuple Tuple(int count)
    {
        var items = new object?[count];
        for (var i = count - 1; i >= 0; i--) items[i] = Pop();
        return new(items);
    }

    private object Extend(object? list, object?[] items)
    {
        if (list is PickleOpaque) return list;
        if (list is not PickleList target) throw Damaged();
        target.Items.AddRange(items);
        return target;
    }

    private object Fill(object? dict, object?[] items)
    {
        if (dict is PickleOpaque) return dict;
        var target = RequireDict(dict);
        if (items.Length % 2 != 0) throw Damaged();
        for (var i = 0; i < items.Length; i += 2) target.Items.Add((items[i], items[i + 1]));
        return target;
    }

    private PickleDict RequireDict(object? value) => value as PickleDict ?? throw Damaged();

    private object? Recall(uint index) => memo.TryGetValue(index, out var value) ? value : throw Damaged();

    // Python's whole numbers have no limit; the ones that a tensor needs fit 64 bits. PyTorch's file mark is ten bytes long.
    private object Long(ulong count)
    {
        var bytes = input.Bytes(count);
        if (bytes.Length > 8) return bytes;
        var value = 0L;
        for (var i = 0; i < bytes.Length; i++) value |= (long)bytes[i] << (8 * i);
        var unused = 64 - 8 * bytes.Length;
        return unused == 64 ? 0L : value << unused >> unused;
    }

    private Exception Damaged() => input.File.Bad($"the pickle in it makes no sense at byte {input.Position}: the file is damaged");
}
