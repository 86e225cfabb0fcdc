namespace ImageGen.Tests.Jupyter;

/// <summary>One kernel for the tests of a class that leave it as it was.</summary>
public sealed class SharedKernel : IDisposable
{
    public KernelClient Client { get; } = new();

    public void Dispose() => Client.Dispose();
}
