using System.Numerics;

namespace ImageGen.Painters;

/// <summary>A camera that stands somewhere and looks somewhere; a lens of some width blurs what is out of focus.</summary>
/// <param name="From">Where it stands.</param>
/// <param name="To">What it looks at; also what is in focus.</param>
/// <param name="Zoom">Focal length over half the film's height.</param>
/// <param name="Lens">The lens's radius; 0 keeps everything sharp.</param>
internal sealed record Camera(Vector3 From, Vector3 To, float Zoom, float Lens = 0)
{
    private readonly Vector3 forward = Vector3.Normalize(To - From);
    private readonly Vector3 right = Vector3.Normalize(Vector3.Cross(To - From, Vector3.UnitY));

    /// <summary>The ray through a place on the film; the picture's x grows to the right, y upward.</summary>
    public (Vector3 From, Vector3 Direction) Ray(float x, float y, ref Dice dice)
    {
        var up = Vector3.Cross(right, forward);
        var direction = Vector3.Normalize(forward * Zoom + right * x + up * y);
        if (Lens <= 0) return (From, direction);
        var focus = From + direction * ((To - From).Length() / Vector3.Dot(direction, forward));
        float turn = dice.Next() * MathF.Tau, r = Lens * MathF.Sqrt(dice.Next());
        var from = From + right * (r * MathF.Cos(turn)) + up * (r * MathF.Sin(turn));
        return (from, Vector3.Normalize(focus - from));
    }
}
