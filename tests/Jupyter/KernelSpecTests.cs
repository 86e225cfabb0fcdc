using System.Text.Json.Nodes;
using ImageGen.Imaging;
using ImageGen.Kernel.Jupyter;

namespace ImageGen.Tests.Jupyter;

/// <summary>Installing the kernel and removing it.</summary>
public sealed class KernelSpecTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Spec => Path.Combine(folder.Path, "kernels", ".net-csharp");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_installed_kernel_names_existing_files_and_interrupts_by_message()
    {
        KernelSpec.Install(folder.Path);
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Spec, "kernel.json")))!;
        Assert.Equal((".NET (C#)", "C#", "message"), ((string)json["display_name"]!, (string)json["language"]!, (string)json["interrupt_mode"]!));
        var arguments = json["argv"]!.AsArray().Select(a => (string)a!).ToArray();
        Assert.All(arguments[..2], file => Assert.True(File.Exists(file), file));
        Assert.Equal(["start", "{connection_file}"], arguments[2..]);
        foreach (var size in new[] { 32, 64 })
        {
            var logo = Picture.Load(Path.Combine(Spec, $"logo-{size}x{size}.png"));
            Assert.Equal((size, size), (logo.Width, logo.Height));
        }
    }

    [Fact]
    public void Installing_twice_and_removing_leaves_nothing()
    {
        KernelSpec.Install(folder.Path);
        KernelSpec.Install(folder.Path);
        Assert.Equal(Spec, KernelSpec.Uninstall(folder.Path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "kernels")));
        Assert.Null(KernelSpec.Uninstall(folder.Path));
    }

    [Fact]
    public void Another_kernel_of_the_name_is_set_aside_and_comes_back()
    {
        Directory.CreateDirectory(Spec);
        File.WriteAllText(Path.Combine(Spec, "kernel.json"), "{\"argv\": [\"dotnet\", \"interactive\"]}");
        Assert.True(KernelSpec.Install(folder.Path).Replaced);
        Assert.False(KernelSpec.Install(folder.Path).Replaced);
        KernelSpec.Uninstall(folder.Path);
        Assert.Contains("interactive", File.ReadAllText(Path.Combine(Spec, "kernel.json")));
        Assert.Null(KernelSpec.Uninstall(folder.Path));
    }
}
