using ImageGen.Runtime;

namespace ImageGen.Tests;

/// <summary>One sentence for a native library that does not load.</summary>
public sealed class NativeLibrariesTests
{
    [Theory]
    [InlineData("Unable to load shared library 'LibTorchSharp' or one of its dependencies. /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /x/libLibTorchSharp.so)", "lacks GLIBCXX_3.4.32")]
    [InlineData("Unable to load shared library 'LibTorchSharp': libgomp.so.1: cannot open shared object file: No such file or directory", "libgomp1")]
    [InlineData("Unable to load shared library 'LibTorchSharp': libtorch_cpu.so: cannot open shared object file: No such file or directory", "libtorch_cpu.so is missing")]
    [InlineData("Unable to load shared library 'LibTorchSharp': libcudart.so.12: cannot open shared object file", "NVIDIA's driver")]
    [InlineData("Unable to load shared library 'libSkiaSharp' or one of its dependencies", "SkiaSharp's native library")]
    [InlineData("Unable to load DLL 'LibTorchSharp': The specified module could not be found.", "not beside ImageGen.Lib.dll")]
    public void It_says_what_is_missing_in_one_line(string message, string expected)
    {
        var sentence = NativeLibraries.Explain(new TypeInitializationException("TorchSharp.torch", new DllNotFoundException(message)));
        Assert.Contains(expected, sentence);
        Assert.DoesNotContain('\n', sentence!);
        Assert.EndsWith(".", sentence);
    }

    [Fact]
    public void It_finds_the_cause_inside_several_exceptions() =>
        Assert.NotNull(NativeLibraries.Explain(new AggregateException(new InvalidOperationException(), new DllNotFoundException("LibTorchSharp"))));

    [Fact]
    public void Other_errors_are_none_of_its_business()
    {
        Assert.Null(NativeLibraries.Explain(new InvalidOperationException("LibTorchSharp")));
        Assert.Null(NativeLibraries.Explain(new DllNotFoundException("Unable to load shared library 'sqlite3'")));
        Assert.Null(NativeLibraries.Explain(new FileNotFoundException("libtorch_cpu.so")));
    }

    [Fact]
    public void A_lone_wrapper_around_the_native_error_is_enough() =>
        Assert.NotNull(NativeLibraries.Explain(new BadImageFormatException("libLibTorchSharp.so: invalid ELF header")));
}
