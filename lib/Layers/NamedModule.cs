using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>
/// A module whose parts have the names that they are registered under, as in published files. TorchSharp would register
/// them once more, under the names of the fields that hold them.
/// </summary>
public abstract class NamedModule(string name) : nn.Module(name)
{
    /// <inheritdoc/>
    protected sealed override void RegisterComponents() { }
}

/// <inheritdoc cref="NamedModule"/>
public abstract class NamedModule<T, TResult>(string name) : nn.Module<T, TResult>(name)
{
    /// <inheritdoc/>
    protected sealed override void RegisterComponents() { }
}

/// <inheritdoc cref="NamedModule"/>
public abstract class NamedModule<T1, T2, TResult>(string name) : nn.Module<T1, T2, TResult>(name)
{
    /// <inheritdoc/>
    protected sealed override void RegisterComponents() { }
}

/// <inheritdoc cref="NamedModule"/>
public abstract class NamedModule<T1, T2, T3, TResult>(string name) : nn.Module<T1, T2, T3, TResult>(name)
{
    /// <inheritdoc/>
    protected sealed override void RegisterComponents() { }
}

/// <inheritdoc cref="NamedModule"/>
public abstract class NamedModule<T1, T2, T3, T4, TResult>(string name) : nn.Module<T1, T2, T3, T4, TResult>(name)
{
    /// <inheritdoc/>
    protected sealed override void RegisterComponents() { }
}
