using System.Numerics;

namespace ImageGen.Painters;

/// <summary>The nearest solid: how far it is at least, and which part of the scene it belongs to.</summary>
internal readonly record struct Near(float Distance, int Part)
{
    public static Near operator |(Near a, Near b) => a.Distance <= b.Distance ? a : b;
}

/// <summary>What a surface does with light.</summary>
/// <param name="Albedo">The part of diffuse light that comes back, per channel.</param>
/// <param name="Normal">The shading normal, with bumps.</param>
/// <param name="Gloss">Reflectance at normal incidence of a clear coat; 0 is chalk, 0.04 varnish.</param>
/// <param name="Roughness">How wide the coat's reflections are, 0 to 1.</param>
/// <param name="Emission">Light of its own.</param>
internal readonly record struct Surface(
    Vector3 Albedo, Vector3 Normal, float Gloss = 0, float Roughness = 0.5f, Vector3 Emission = default);

/// <summary>A rectangle of light; it shines to the side that Cross(Across, Up) points to.</summary>
internal readonly record struct Window(Vector3 Corner, Vector3 Across, Vector3 Up, Vector3 Light);

/// <summary>A scene of solids, a sky, a sun, and perhaps a window.</summary>
internal abstract class Scene
{
    /// <summary>A bound on the distance to the nearest solid; stepping that far never passes through one.</summary>
    public abstract Near Nearest(Vector3 p);

    public abstract Surface At(int part, Vector3 p, Vector3 normal, float distance);

    /// <summary>Light from infinitely far, without the sun.</summary>
    public virtual Vector3 Sky(Vector3 direction) => Vector3.Zero;

    /// <summary>Toward the sun.</summary>
    public abstract Vector3 SunDirection { get; }

    /// <summary>The sun's light at a place that nothing in the scene shades.</summary>
    public abstract Vector3 SunAt(Vector3 p);

    public virtual float SunRadius => 0.012f;
    public virtual Window? Light => null;
    public virtual float Reach => 60;

    /// <summary>What the air between does to light that comes from <paramref name="distance"/> away.</summary>
    public virtual Vector3 Air(Vector3 light, Vector3 from, Vector3 direction, float distance) => light;
}
