using System.Numerics;
using static ImageGen.Painters.Film;
using static ImageGen.Painters.Solids;

namespace ImageGen.Painters;

/// <summary>One house of the street, in meters.</summary>
/// <param name="Side">-1 on the left, 1 on the right.</param>
/// <param name="Near">Where along the street it begins; it goes on toward -z.</param>
/// <param name="Width">Along the street.</param>
/// <param name="Height">To the eaves.</param>
/// <param name="Floors">Rows of windows, the ground floor included.</param>
/// <param name="Setback">How far the facade stands back.</param>
/// <param name="Gabled">Whether the gable faces the street.</param>
/// <param name="Plaster">The facade's color.</param>
/// <param name="Paint">The color of door and shutters.</param>
/// <param name="Timbered">Whether the upper floors show their beams.</param>
/// <param name="Ivy">Where along the facade ivy climbs, from the middle; 0 for none.</param>
internal sealed record TownHouse(
    int Side, float Near, float Width, float Height, int Floors, float Setback, bool Gabled, int Plaster, int Paint, bool Timbered = false, float Ivy = 0)
{
    public const int Wall = 1, Pane = 2, Wood = 3, Stone = 4, Roof = 5, Leaf = 6, Brick = 7, Joinery = 8, Beam = 9, Foliage = 10;
    private const float Street = 3.5f, Depth = 4.5f;
    private const float RoofSin = 0.72f, RoofCos = 0.694f;

    private readonly int columns = Math.Max(2, (int)MathF.Round(Width / 1.85f));
    private int Id => (int)(Near * 7) * 2 + Side;

    /// <summary>From the street's coordinates to the house's: along the facade, up, and into the house.</summary>
    public Vector3 Local(Vector3 p) => new(-(p.Z - Near) - Width / 2, p.Y, Side * p.X - Street - Setback);

    public Vector3 Outward => new(-Side, 0, 0);

    /// <summary>A quick bound on the distance: along the street alone.</summary>
    public float Apart(Vector3 p) => MathF.Abs(p.Z - Near + Width / 2) - Width / 2 - 0.25f;

    public Near Nearest(Vector3 world, float best)
    {
        var p = Local(world);
        var top = Height + (Gabled ? Width * 0.5f * RoofSin / RoofCos : Depth * RoofSin / RoofCos) + 1;
        var hull = Box(p - new Vector3(0, top / 2, Depth), new(Width / 2 + 0.25f, top / 2, Depth + 0.75f));
        if (hull >= best) return new(9e9f, 0);
        if (hull > 0.5f) return new(hull, 0);

        var near = new Near(Box(p - new Vector3(0, Height / 2, Depth), new(Width / 2, Height / 2, Depth)), Wall);
        near |= RoofDistance(p);
        var chimney = new Vector3(p.X - Width * 0.28f, p.Y - Height - 2.6f, p.Z - 2.2f);
        near |= new Near(MathF.Min(Box(chimney, new(0.35f, 1.6f, 0.3f)), Box(chimney - new Vector3(0, 1.5f, 0), new(0.42f, 0.1f, 0.37f))), Brick);
        if (p.Z > 0.6f || p.Y > Height + 1.2f) return near;
        return Facade(p, near);
    }

    private Near RoofDistance(Vector3 p)
    {
        float tiles = 0.02f * MathF.Abs(MathF.Sin(p.Y * 10)), over = p.Y - Height;
        if (!Gabled)
        {
            // The ridge runs along the street.
            float front = over * RoofCos - (p.Z + 0.4f) * RoofSin, back = over * RoofCos - (2 * Depth - p.Z) * RoofSin;
            var slab = MathF.Max(MathF.Max(front, back) - tiles, MathF.Max(-over - 0.02f, MathF.Abs(p.X) - Width / 2 - 0.02f));
            return new(slab * 0.95f, Roof);
        }
        var slope = over * RoofCos + (MathF.Abs(p.X) - Width / 2 - 0.12f) * RoofSin;
        var gable = MathF.Max(MathF.Max(slope, -p.Z), MathF.Max(-over, p.Z - 2 * Depth));
        var cover = MathF.Max(MathF.Abs(slope - 0.06f) - 0.07f - tiles, MathF.Max(-p.Z - 0.28f, -over - 0.25f));
        return new Near(gable, Wall) | new Near(MathF.Max(cover, p.Z - 2 * Depth) * 0.9f, Roof);
    }

    private Near Facade(Vector3 p, Near near)
    {
        var (q, half, row, column) = Opening(p);
        var door = IsDoor(row, column);
        float depth = door ? 0.24f : 0.17f, edge = Box(q.X, q.Y, half.X, half.Y);
        var hole = MathF.Max(edge, MathF.Abs(p.Z) - depth);
        var wall = MathF.Max(near.Distance, -hole);
        near = near with { Distance = wall };
        if (edge < 0.02f && p.Z > depth * 0.6f && near.Part == Wall) near = new(wall, door ? Wood : Pane);

        if (!door)
        {
            // Frame and glazing bars stand before the glass.
            var bars = MathF.Min(MathF.Min(MathF.Abs(q.X) - 0.028f, MathF.Abs(q.Y - 0.18f) - 0.024f), -edge - 0.05f);
            near |= new Near(MathF.Max(MathF.Max(bars, edge), MathF.Abs(p.Z - depth + 0.03f) - 0.035f), Joinery);
            near |= new Near(Box(new Vector3(q.X, q.Y + half.Y + 0.04f, p.Z + 0.05f), new(half.X + 0.12f, 0.045f, 0.11f)) - 0.01f, Stone);
        }
        var pitch = Width / columns;
        if (!door && row > 0 && pitch > 2 * half.X + 0.75f)
        {
            var slats = 0.012f * MathF.Abs(MathF.Sin(q.Y * 32));
            near |= new Near(Box(new Vector3(MathF.Abs(q.X) - half.X - 0.23f, q.Y, p.Z + 0.04f), new(0.2f, half.Y, 0.03f)) + slats, Wood);
        }
        else near |= new Near(MathF.Max(MathF.Abs(edge - 0.07f) - 0.07f, MathF.Abs(p.Z) - 0.045f), Stone);

        if (!door && row > 0 && Noise.Hash(Id, row, column) % 5 < 2)
        {
            var b = new Vector3(q.X, q.Y + half.Y - 0.02f, p.Z + 0.2f);
            near |= new Near(Box(b, new(half.X, 0.09f, 0.1f)), Brick);
            var leaves = Ellipsoid(b - new Vector3(0, 0.12f, 0), new(half.X + 0.08f, 0.2f, 0.19f));
            if (leaves < 0.15f) leaves -= 0.09f * Noise.Space(world(b) * 9, Id + row * 3 + column) + 0.04f * Noise.Space(b * 24, Id);
            near |= new Near(leaves * 0.6f, Leaf);
        }
        // Cornice, the string course above the ground floor, and the plinth.
        near |= new Near(Box(new Vector3(p.X, p.Y - Height + (Gabled ? 0.1f : 0.12f), p.Z + 0.03f), new(Width / 2, Gabled ? 0.06f : 0.12f, Gabled ? 0.08f : 0.22f)), Stone);
        near |= new Near(Box(new Vector3(p.X, p.Y - Height / Floors - 0.06f, p.Z), new(Width / 2, 0.07f, 0.07f)), Stone);
        if (edge > 0.1f) near |= new Near(Box(new Vector3(p.X, p.Y - 0.25f, p.Z), new(Width / 2, 0.3f, 0.06f)), Stone);
        if (Timbered && row > 0 && edge > 0) near |= new Near(MathF.Max(Beams(p, q, half, row), MathF.Abs(p.Z) - 0.04f), Beam);
        if (Ivy != 0) near |= IvyDistance(p, edge);
        return near;

        Vector3 world(Vector3 b) => b + new Vector3(column * 3.1f, row * 2.3f, Id);
    }

    // It clings to the wall, thins out as it climbs, and leaves the openings free.
    private Near IvyDistance(Vector3 p, float opening)
    {
        var grown = 1.7f - MathF.Abs(p.X - Ivy) * (0.8f + 0.1f * p.Y) - 0.12f * p.Y + 0.9f * Noise.Cloudy(p.X * 1.1f, p.Y * 0.9f + Id, 4, 420);
        grown = MathF.Min(grown, opening * 4 + 0.1f);
        var leaves = MathF.Max(MathF.Abs(p.Z) - 0.05f - 0.1f * MathF.Min(MathF.Max(grown, 0), 1), -0.4f * grown);
        if (leaves < 0.2f) leaves -= 0.05f * Noise.Space(p * 11, 421) + 0.035f * Noise.Space(p * 23, 422) - 0.02f;
        return new(leaves * 0.55f, Foliage);
    }

    private float Beams(Vector3 p, Vector2 q, Vector2 half, int row)
    {
        float pitch = Width / columns, floor = Height / Floors;
        float posts = MathF.Abs(MathF.Abs(q.X) - half.X - 0.12f) - 0.075f, rails = MathF.Abs(MathF.Abs(q.Y) - half.Y - 0.1f) - 0.07f;
        float sill = MathF.Abs(p.Y - row * floor - 0.14f) - 0.09f;
        var brace = MathF.Abs((MathF.Abs(q.X) - pitch * 0.5f) * 0.8f + (q.Y + half.Y * 0.2f) * 0.6f) - 0.075f;
        return MathF.Min(MathF.Min(posts, rails), MathF.Min(sill, MathF.Abs(q.X) > half.X + 0.1f ? brace : 9));
    }

    // The opening nearest to a place on the facade: where in it the place is, its half size, its row and column.
    private (Vector2 Q, Vector2 Half, int Row, int Column) Opening(Vector3 p)
    {
        float pitch = Width / columns, floor = Height / Floors;
        var column = Math.Clamp((int)MathF.Floor(p.X / pitch + columns / 2f), 0, columns - 1);
        var row = Math.Clamp((int)MathF.Floor(p.Y / floor), 0, Floors - 1);
        var x = p.X - (column + 0.5f - columns / 2f) * pitch;
        if (IsDoor(row, column)) return (new(x, p.Y - 1.08f), new(0.52f, 1.12f), row, column);
        var half = row == 0 ? new Vector2(0.56f, 0.68f) : new Vector2(0.43f, row == Floors - 1 ? 0.56f : 0.68f);
        return (new(x, p.Y - row * floor - floor * (row == 0 ? 0.56f : 0.55f)), half, row, column);
    }

    private bool IsDoor(int row, int column) => row == 0 && column == (int)(Noise.Hash(Id, 5) % (uint)columns);

    public Surface Look(int part, Vector3 world, Vector3 normal)
    {
        var p = Local(world);
        var stain = Noise.Cloudy(p.X * 0.9f + Id, p.Y * 0.5f, 4, 401);
        switch (part)
        {
            case Wall:
                // Plaster: blotched by weather, streaked under the eaves, damp at the foot.
                var streak = Noise.Cloudy(p.X * 3.5f + Id, p.Y * 0.22f, 3, 402);
                var plaster = Color(Timbered && p.Y > Height / Floors ? 0xE9DFC8 : Plaster) * (0.8f + 0.6f * stain + 0.5f * streak + 0.22f * Noise.Cloudy(p.X * 9, p.Y * 9, 3, 418));
                plaster = Vector3.Lerp(plaster, Color(0x6E6455), 0.7f * Noise.Step(1.5f, 0.1f, p.Y + 1.1f * stain));
                var worn = Noise.Step(0.2f, 0.27f, Noise.Cloudy(p.X * 0.7f + Id, p.Y * 0.7f, 5, 403));
                return new(Vector3.Lerp(plaster, Color(0x8F6B52), 0.55f * worn), Noise.Bump(normal, world * 7, 0.11f, 404));
            case Pane:
                var (q, half, row, column) = Opening(p);
                var curtain = Noise.Step(0.5f, 0.62f, MathF.Abs(q.X) / half.X + 0.08f * MathF.Sin(q.X * 60)) * (Noise.Hash(Id, row, column + 9) % 3 == 0 ? 0f : 0.8f);
                var lamp = Noise.Hash(Id, row, column + 3) % 6 == 0 ? new Vector3(1.1f, 0.55f, 0.18f) * (0.5f + 0.5f * Noise.Step(1, -1, q.Y)) : Vector3.Zero;
                return new(Vector3.Lerp(new(0.02f, 0.024f, 0.03f), new(0.5f, 0.47f, 0.42f), curtain), Noise.Bump(normal, world * 1.6f + new Vector3(column * 5), 0.02f, 405), 0.09f, 0.05f, lamp);
            case Wood:
                var board = 0.8f + 0.4f * Noise.Value((int)MathF.Floor(p.X * 9), Id) + 0.25f * Noise.Cloudy(p.X * 40, p.Y * 2, 3, 406);
                return new(Color(Paint) * board, Noise.Bump(normal, world * new Vector3(20, 2, 20), 0.06f, 407), 0.03f, 0.45f);
            case Stone:
                return new(Color(0xB3A48C) * (0.85f + 0.4f * Noise.Cloudy(world * 2.4f, 4, 408)), Noise.Bump(normal, world * 12, 0.12f, 409));
            case Roof:
                // Pantiles: rows down the slope, rolls across it, every tile its own tone.
                float across = Gabled ? p.Z : p.X, line = p.Y * 10 / MathF.PI;
                var tile = Noise.Value((int)MathF.Floor(across * 4.2f), (int)MathF.Floor(line), Id);
                var clay = Vector3.Lerp(Color(0x8C4630), Color(0xB56A42), tile) * (0.8f + 0.5f * stain) * (0.75f + 0.25f * MathF.Abs(MathF.Sin(across * 13.2f)));
                return new(Vector3.Lerp(clay, Color(0x5C5A3A), 0.5f * Noise.Step(0.1f, 0.5f, stain)), Noise.Bump(normal, world * 8, 0.15f, 410));
            case Leaf:
                var bloom = Noise.Cells(world.Z * 13 + world.X * 5, world.Y * 13, 411 + Id);
                var petal = (bloom.Cell & 3) switch { 0 => Color(0xC4203A), 1 => Color(0xE0577E), 2 => Color(0xE8B23A), _ => Color(0xC4203A) };
                var green = Color(0x3E6B2A) * (0.6f + 0.7f * Noise.Value((int)(world.Z * 30), (int)(world.Y * 30), 412));
                return new(bloom.First < 0.3f ? petal : green, Noise.Bump(normal, world * 20, 0.5f, 413));
            case Foliage:
                var leaf = Vector3.Lerp(Color(0x2C4A1E), Color(0x7A8F34), Noise.Value((int)MathF.Floor(world.Z * 17), (int)MathF.Floor(world.Y * 17), 423));
                if (Noise.Plane(p.X * 1.3f, p.Y * 1.3f, 424) > 0.3f) leaf = Vector3.Lerp(leaf, Color(0xA8482A), 0.5f);
                return new(leaf, Noise.Bump(normal, world * 16, 0.6f, 425));
            case Brick:
                return new(Color(0x7C4A38) * (0.75f + 0.5f * Noise.Value((int)MathF.Floor(p.Y * 12), (int)MathF.Floor(p.X * 5 + p.Z * 5), 414)), Noise.Bump(normal, world * 14, 0.2f, 415));
            case Joinery:
                return new(Color(0xDDD6C6) * (0.85f + 0.2f * stain), normal, 0.03f, 0.5f);
            default:
                return new(Color(0x4A3322) * (0.8f + 0.5f * Noise.Cloudy(p.X * 6, p.Y * 6, 3, 416)), Noise.Bump(normal, world * 9, 0.2f, 417));
        }
    }
}
