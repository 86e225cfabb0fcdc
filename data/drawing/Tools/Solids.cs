using System.Numerics;

namespace ImageGen.Painters;

/// <summary>Signed distances to simple solids (negative inside), after the catalog that Quilez keeps of them.</summary>
internal static class Solids
{
    public static float Box(Vector3 p, Vector3 half)
    {
        var q = Vector3.Abs(p) - half;
        return Vector3.Max(q, Vector3.Zero).Length() + MathF.Min(MathF.Max(q.X, MathF.Max(q.Y, q.Z)), 0);
    }

    public static float Box(float x, float y, float halfX, float halfY)
    {
        float qx = MathF.Abs(x) - halfX, qy = MathF.Abs(y) - halfY;
        return new Vector2(MathF.Max(qx, 0), MathF.Max(qy, 0)).Length() + MathF.Min(MathF.Max(qx, qy), 0);
    }

    public static float Capsule(Vector3 p, Vector3 a, Vector3 b, float radius)
    {
        Vector3 pa = p - a, ba = b - a;
        return (pa - ba * Math.Clamp(Vector3.Dot(pa, ba) / ba.LengthSquared(), 0, 1)).Length() - radius;
    }

    /// <summary>A cylinder around the y axis.</summary>
    public static float Cylinder(Vector3 p, float radius, float halfHeight) =>
        Box(MathF.Sqrt(p.X * p.X + p.Z * p.Z), p.Y, radius, halfHeight);

    /// <summary>Roughly the distance to an ellipsoid.</summary>
    public static float Ellipsoid(Vector3 p, Vector3 radii)
    {
        float near = (p / radii).Length(), slope = (p / (radii * radii)).Length();
        return near * (near - 1) / MathF.Max(slope, 1e-6f);
    }

    /// <summary>The union of two solids with a fillet of about <paramref name="radius"/>.</summary>
    public static float Melt(float a, float b, float radius)
    {
        var h = MathF.Max(radius - MathF.Abs(a - b), 0) / radius;
        return MathF.Min(a, b) - h * h * radius * 0.25f;
    }

    /// <summary>A solid minus another, with a softened edge.</summary>
    public static float Carve(float solid, float tool, float radius) => -Melt(-solid, tool, radius);

    public static Vector2 Turn(float x, float y, float angle)
    {
        var (sin, cos) = MathF.SinCos(angle);
        return new(cos * x - sin * y, sin * x + cos * y);
    }
}
