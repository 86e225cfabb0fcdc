using static TorchSharp.torch;

namespace ImageGen.Weights;

/// <summary>The element types that weights files name, in the spelling of safetensors.</summary>
public enum ElementType
{
    F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool,

    /// <summary>Eight-bit floats, unsigned integers over 8 bits: listed with their shapes, but TorchSharp cannot hold them.</summary>
    F8_E4M3, F8_E5M2, F8_E8M0, U16, U32, U64,

    /// <summary>A type under another name, complex numbers or four bits for example: listed with its shape, and never read.</summary>
    Other,
}

internal static class ElementTypes
{
    internal static ElementType FromSafeTensors(string name) => name switch
    {
        "BOOL" => ElementType.Bool,
        "F64" or "F32" or "F16" or "BF16" or "I64" or "I32" or "I16" or "I8" or "U8" or
        "F8_E4M3" or "F8_E5M2" or "F8_E8M0" or "U16" or "U32" or "U64" => Enum.Parse<ElementType>(name),
        _ => ElementType.Other,
    };

    internal static string SafeTensorsName(this ElementType type) => type is ElementType.Bool ? "BOOL" : type.ToString();

    internal static int Size(this ElementType type) => type switch
    {
        ElementType.F64 or ElementType.I64 or ElementType.U64 => 8,
        ElementType.F32 or ElementType.I32 or ElementType.U32 => 4,
        ElementType.F16 or ElementType.BF16 or ElementType.I16 or ElementType.U16 => 2,
        _ => 1,
    };

    /// <summary>TorchSharp's type for it; null where there is none.</summary>
    internal static ScalarType? Scalar(this ElementType type) => type switch
    {
        ElementType.F64 => ScalarType.Float64,
        ElementType.F32 => ScalarType.Float32,
        ElementType.F16 => ScalarType.Float16,
        ElementType.BF16 => ScalarType.BFloat16,
        ElementType.I64 => ScalarType.Int64,
        ElementType.I32 => ScalarType.Int32,
        ElementType.I16 => ScalarType.Int16,
        ElementType.I8 => ScalarType.Int8,
        ElementType.U8 => ScalarType.Byte,
        ElementType.Bool => ScalarType.Bool,
        _ => null,
    };

    internal static ElementType? FromScalar(ScalarType type)
    {
        foreach (var candidate in Enum.GetValues<ElementType>())
            if (candidate.Scalar() == type) return candidate;
        return null;
    }
}
