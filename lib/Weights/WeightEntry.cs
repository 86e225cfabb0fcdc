namespace ImageGen.Weights;

/// <summary>One tensor of a weights file, known by its header alone.</summary>
public sealed record WeightEntry
{
    internal WeightEntry(string name, ElementType type, IReadOnlyList<long> shape, Extent where, string? typeName = null)
    {
        (Name, Type, Shape, Where, TypeName) = (name, type, shape, where, typeName ?? type.SafeTensorsName());
        Count = shape.Aggregate(1L, (count, size) => checked(count * size));
    }

    /// <summary>The name in the file, for example <c>features.0.weight</c>.</summary>
    public string Name { get; }

    /// <summary>How its elements are stored.</summary>
    public ElementType Type { get; }

    /// <summary>The type as the file spells it.</summary>
    internal string TypeName { get; }

    /// <summary>Sizes of its dimensions; none for a single number.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Elements in all.</summary>
    public long Count { get; }

    internal Extent Where { get; }

    /// <summary>The same numbers under another name, and in another shape of as many.</summary>
    internal WeightEntry As(string name, IReadOnlyList<long> shape) =>
        new(name, Type, shape, shape.Count == Shape.Count ? Where : Where with { Strides = Where.Strides?[..shape.Count] }, TypeName);

    /// <summary>Some of its rows under another name.</summary>
    internal WeightEntry Rows(string name, long first, long count)
    {
        var row = Where.Strides?[0] ?? Shape.Skip(1).Aggregate(1L, (product, side) => product * side);
        return new(name, Type, [count, .. Shape.Skip(1)], Where with { Offset = Where.Offset + first * row * Type.Size() }, TypeName);
    }

    /// <summary>A matrix with rows for columns, under another name.</summary>
    internal WeightEntry Transposed(string name) =>
        new(name, Type, [Shape[1], Shape[0]], Where with { Strides = Where.Strides is [var down, var right] ? [right, down] : [1, Shape[1]] }, TypeName);

    /// <summary>For example <c>features.0.weight F32 [64, 3, 3, 3]</c>.</summary>
    public override string ToString() => $"{Name} {TypeName} {ShapeText(Shape)}";

    internal static string ShapeText(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}

/// <summary>The bytes of a tensor: already checked to lie in the file.</summary>
/// <param name="File">The file that has them.</param>
/// <param name="Offset">Where the first element begins.</param>
/// <param name="Strides">Steps between neighbors, in elements; null when the elements stand in order without gaps.</param>
internal sealed record Extent(RawFile File, long Offset, long[]? Strides = null);
