using TorchSharp;

namespace ImageGen.Runtime;

/// <summary>Where tensors are computed: chosen once, the same for the whole process.</summary>
public static class Compute
{
    /// <summary>The environment variable that overrides the choice: <c>cpu</c> or <c>cuda</c>.</summary>
    public const string Variable = "IMAGEGEN_DEVICE";

    private static readonly Lazy<torch.Device> Chosen = new(Choose);

    /// <summary>The first CUDA device where this build has CUDA and the machine a usable GPU, else the CPU.</summary>
    /// <exception cref="CourseException"><see cref="Variable"/> asks for CUDA and there is none, or holds another word.</exception>
    public static torch.Device Device => Chosen.Value;

    /// <summary>Whether <see cref="Device"/> is a GPU.</summary>
    public static bool OnGpu => Device.type == DeviceType.CUDA;

    /// <summary>Threads that one operation on the CPU may use.</summary>
    public static int Threads
    {
        get
        {
            _ = Device;
            return torch.get_num_threads();
        }
    }

    /// <summary>Whether this build carries the CUDA libraries (<c>dotnet build -p:Cuda=true</c>).</summary>
    public static bool BuiltWithCuda { get; } = HasCudaLibrary(Path.GetDirectoryName(typeof(Compute).Assembly.Location));

    /// <summary>Whether <see cref="Device"/> multiplies bfloat16 faster than float32: a GPU of our day does, and a CPU with AMX, or AMD's with AVX512-BF16.</summary>
    public static bool HasBFloat16 => OnGpu || Processor.HasBFloat16;

    /// <summary>One line for a person: the device, its name, the threads, the libraries, and whether they compute rightly.</summary>
    public static string Describe()
    {
        var cpu = $"{Threads} CPU thread{(Threads == 1 ? "" : "s")} ({Processor.Name})";
        var device = OnGpu
            ? $"CUDA: {GpuName() ?? "one GPU"} of {torch.cuda.device_count()}, with {cpu}"
            : $"CPU: {cpu}{(BuiltWithCuda ? "; this build has CUDA, but no usable GPU was found" : "")}";
        return $"{device}; libtorch {torch.__version__}, {Arithmetic.Describe()}";
    }

    /// <summary>The device that a setting stands for.</summary>
    /// <param name="setting">What <see cref="Variable"/> holds; nothing means: choose.</param>
    /// <param name="builtWithCuda">Whether the CUDA libraries are there.</param>
    /// <param name="usable">Asks the driver whether a GPU answers; called only where CUDA is meant.</param>
    internal static DeviceType Choose(string? setting, bool builtWithCuda, Func<bool> usable)
    {
        switch (setting?.Trim().ToLowerInvariant())
        {
            case "cpu":
                return DeviceType.CPU;
            case null or "":
                return builtWithCuda && usable() ? DeviceType.CUDA : DeviceType.CPU;
            case "cuda":
                if (!builtWithCuda)
                    throw new CourseException($"{Variable}=cuda, but this build has no CUDA: build with IMAGEGEN_CUDA=1 ./course doctor, or unset {Variable}.");
                if (!usable())
                    throw new CourseException($"{Variable}=cuda, but no NVIDIA GPU answers: check that nvidia-smi lists one, or unset {Variable}.");
                return DeviceType.CUDA;
            default:
                throw new CourseException($"{Variable}='{setting}' is not a device: it takes cpu or cuda.");
        }
    }

    private static torch.Device Choose()
    {
        var type = Choose(Environment.GetEnvironmentVariable(Variable), BuiltWithCuda, CudaAnswers);
        torch.InitializeDeviceType(type);
        Arithmetic.Check();
        // libtorch counts the machine's cores; a container may own fewer, and .NET knows how many.
        if (torch.get_num_threads() > Environment.ProcessorCount) torch.set_num_threads(Environment.ProcessorCount);
        return new torch.Device(type, type == DeviceType.CUDA ? 0 : -1);
    }

    // TorchSharp wants CUDA named before anything else loads libtorch; a driver that is missing shows here as an exception.
    private static bool CudaAnswers()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CUDA);
            return torch.cuda.is_available();
        }
        catch (Exception error) when (error is not CourseException)
        {
            return false;
        }
    }

    private static bool HasCudaLibrary(string? folder) => folder is not null
        && new[] { "libtorch_cuda.so", "torch_cuda.dll" }.Any(name => File.Exists(Path.Combine(folder, name)));

    // TorchSharp cannot name a GPU; on Linux the driver's own text file can.
    private static string? GpuName()
    {
        try
        {
            return Directory.EnumerateFiles("/proc/driver/nvidia/gpus", "information", SearchOption.AllDirectories)
                .SelectMany(File.ReadLines)
                .Where(line => line.StartsWith("Model:", StringComparison.Ordinal))
                .Select(line => line["Model:".Length..].Trim())
                .FirstOrDefault();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
