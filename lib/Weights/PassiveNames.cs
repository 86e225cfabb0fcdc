namespace ImageGen.Weights;

/// <summary>
/// What checkpoints carry beside their tensors, by the names of its Python classes: types, devices, counts, dates,
/// paths, options.
/// It is passed over: nothing is made of it, and nothing is called.
/// </summary>
internal static class PassiveNames
{
    internal static bool Has(string module, string name) => module switch
    {
        "torch" => name is "device" or "dtype" or "strided" or "sparse_coo"
            || DataTypes.ContainsKey(name) || name.StartsWith("per_", StringComparison.Ordinal) || name is "Tensor",
        "torch.serialization" => name is "_get_layout",
        "torch.nn.parameter" => name is "Parameter" or "Buffer",
        "__builtin__" or "builtins" =>
            name is "complex" or "bytearray" or "bytes" or "range" or "xrange" or "slice" or "object" or "int"
            or "long" or "float" or "bool" or "str",
        "collections" => name is "Counter" or "deque",
        "copy_reg" or "copyreg" => name is "_reconstructor",
        "datetime" => name is "datetime" or "date" or "time" or "timedelta" or "timezone",
        "decimal" => name is "Decimal",
        "fractions" => name is "Fraction",
        "uuid" => name is "UUID",
        "argparse" => name is "Namespace",
        "types" => name is "SimpleNamespace",
        "pathlib" or "pathlib._local" =>
            name is "Path" or "PurePath" or "PosixPath" or "WindowsPath" or "PurePosixPath" or "PureWindowsPath",
        "numpy" => name is "ndarray" or "dtype" or "float16" or "float32" or "float64" or "int32" or "int64" or "bool_",
        "numpy.core.multiarray" or "numpy._core.multiarray" or "numpy.core.numeric" or "numpy._core.numeric" =>
            name is "_reconstruct" or "scalar" or "_frombuffer",
        _ => Programs.Any(program => module.StartsWith(program, StringComparison.Ordinal)),
    };

    /// <summary>PyTorch's names of element types, and ours.</summary>
    internal static IReadOnlyDictionary<string, ElementType> DataTypes { get; } = new Dictionary<string, ElementType>
    {
        ["float64"] = ElementType.F64, ["float32"] = ElementType.F32, ["float16"] = ElementType.F16,
            ["bfloat16"] = ElementType.BF16,
        ["int64"] = ElementType.I64, ["int32"] = ElementType.I32, ["int16"] = ElementType.I16,
            ["int8"] = ElementType.I8, ["uint8"] = ElementType.U8,
        ["bool"] = ElementType.Bool, ["uint16"] = ElementType.U16, ["uint32"] = ElementType.U32,
            ["uint64"] = ElementType.U64,
        ["float8_e4m3fn"] = ElementType.F8_E4M3, ["float8_e5m2"] = ElementType.F8_E5M2,
            ["float8_e8m0fnu"] = ElementType.F8_E8M0,
        ["complex32"] = ElementType.Other, ["complex64"] = ElementType.Other, ["complex128"] = ElementType.Other,
        ["qint8"] = ElementType.Other, ["quint8"] = ElementType.Other, ["qint32"] = ElementType.Other,
    };

    // Trainers whose callbacks and options stand in the published checkpoints of Stable Diffusion 1.
    private static readonly string[] Programs = ["pytorch_lightning.", "lightning.", "lightning_fabric.", "omegaconf."];
}
