using System.Numerics;
using ImageGen.Imaging;

namespace ImageGen.Data.FlowerDrawing;

/// <summary>
/// Draws one flower as a small scene: bent sheets for petals and leaves, balls for the center, one sun, and a blurred
/// background. All in plain arithmetic, so that every machine draws the same picture.
/// </summary>
internal sealed class FlowerPainter
{
    [ThreadStatic] private static FlowerPainter? current;

    private readonly int side;
    private readonly Stage stage;
    private readonly Shader shader;
    private readonly Surroundings surroundings;

    private FlowerPainter(int side)
    {
        this.side = side;
        stage = new Stage(side, side <= 96 ? 3 : 2);
        shader = new Shader(stage);
        surroundings = new Surroundings(side);
    }

    /// <summary>The picture of a flower; the same attributes, key and side give the same picture.</summary>
    /// <param name="flower">What it must be.</param>
    /// <param name="key">Everything else.</param>
    /// <param name="side">Pixels in each direction.</param>
    /// <param name="onWhite">Whether it is cut out: nothing but white behind it.</param>
    public static Picture Paint(FlowerAttributes flower, ulong key, int side, bool onWhite = false)
    {
        if (current?.side != side) current = new FlowerPainter(side);
        return new Picture(side, side, current.Paint(flower, new SplitMix64(key), onWhite));
    }

    private byte[] Paint(FlowerAttributes flower, SplitMix64 random, bool onWhite)
    {
        stage.Clear();
        var radius = flower.Size switch
        {
            FlowerSize.Small => random.Between(0.45f, 0.52f),
            FlowerSize.Medium => random.Between(0.58f, 0.68f),
            _ => random.Between(0.80f, 0.93f),
        };
        var head = Head(flower, radius, random);
        Greenery.Draw(stage, flower, head, radius, random);
        Blossom.Draw(stage, flower, head, radius, random);
        var average = surroundings.Paint(flower.Backdrop, flower.Light, random);
        if (onWhite) Array.Fill(surroundings.Pixels, Vector3.One);
        return shader.Develop(surroundings.Pixels, Light.For(flower.Light, average, random));
    }

    private static Frame Head(FlowerAttributes flower, float radius, SplitMix64 random)
    {
        var room = 1 - radius;
        var raised = flower.Foliage == Foliage.None ? random.Around(0, 0.2f * room) : room * random.Between(0.3f, 0.6f);
        var middle = new Vector3(random.Around(0, 0.35f * room), raised, 0);
        var turn = random.Between(0.62f, 0.86f);
        var around = random.Around(0, 0.25f);
        var (x, y) = flower.Pose switch
        {
            FlowerPose.Left => (-turn, around + 0.1f),
            FlowerPose.Right => (turn, around + 0.1f),
            FlowerPose.Up => (around, turn),
            FlowerPose.Down => (around, -turn * 0.8f),
            _ => (random.Around(0, 0.22f), random.Around(0.06f, 0.2f)),
        };
        var up = Vector3.Normalize(new Vector3(MathF.Sin(x), MathF.Sin(y), MathF.Cos(MathF.Max(MathF.Abs(x), MathF.Abs(y)))));
        var along = Vector3.Normalize(Vector3.Cross(Vector3.UnitY, up));
        return new Frame(middle, along, Vector3.Cross(up, along), up);
    }
}
