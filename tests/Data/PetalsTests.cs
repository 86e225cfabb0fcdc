using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Tests.Data;

public sealed class PetalsTests
{
    private static readonly Split[] Splits = Enum.GetValues<Split>();

    [Fact]
    public void SplitMix64_gives_the_published_numbers()
    {
        // The test vector of the reference implementation (prng.di.unimi.it/splitmix64.c) for the state 1234567.
        var random = new SplitMix64(1234567);
        ulong[] expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        Assert.Equal(expected, expected.Select(_ => random.NextBits()));
    }

    [Fact]
    public void Random_numbers_stay_in_their_range_and_fill_it()
    {
        var random = new SplitMix64(3);
        var counts = new int[6];
        for (var i = 0; i < 6000; i++)
        {
            counts[random.Next(6)]++;
            Assert.InRange(random.NextUnit(), 0f, 0.99999997f);
            Assert.InRange(random.Around(2, 0.5f), 1.5f, 2.5f);
        }
        Assert.All(counts, count => Assert.InRange(count, 870, 1130)); // 1000 ± 4.5 standard deviations
    }

    [Fact]
    public void A_flower_depends_on_seed_split_and_index_alone()
    {
        var all = new Petals(Split.Train, 40, 32);
        var last = new Petals(Split.Train, 500, 32);
        Assert.Equal(last.Picture(39), all.Picture(39));
        Assert.Equal(all.Picture(7), new Petals(Split.Train, 40, 32).Picture(7));
        Assert.Equal(all.Captions(7), last.Captions(7));
        Assert.NotEqual(all.Picture(7), all.Picture(8));
        Assert.NotEqual(all.Picture(7), new Petals(Split.Test, 40, 32).Picture(7));
        Assert.NotEqual(all.Picture(7), new Petals(Split.Train, 40, 32, seed: 8).Picture(7));
    }

    [Fact]
    public void Pictures_drawn_from_many_threads_are_those_drawn_by_one()
    {
        var (one, many) = (new Petals(Split.Train, 48, 32), new Petals(Split.Train, 48, 32));
        Parallel.For(0, 96, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => many.Picture(i % 48));
        for (var i = 0; i < 48; i++) Assert.Equal(one.Picture(i), many.Picture(i));
    }

    [Theory]
    [InlineData(Split.Train, 0, "148 159 179 156 168 190 118 138 122 123 134 131")]
    [InlineData(Split.Test, 11, "99 168 162 111 170 165 95 141 141 81 129 131")]
    [InlineData(Split.HeldOut, 5, "96 83 88 97 84 93 71 66 57 73 60 39")]
    public void Every_machine_draws_the_same_picture(Split split, int index, string expected)
    {
        // Averages over quarters of the picture, so that the last bit of a sine on another processor cannot matter.
        var averages = Quarters(new Petals(split, 12, 64).Picture(index));
        var values = expected.Split(' ').Select(int.Parse).ToArray();
        Assert.True(averages.Zip(values, (a, b) => Math.Abs(a - b)).Max() <= 1, string.Join(' ', averages));
    }

    [Fact]
    public void Held_out_pairs_are_never_in_the_other_splits_and_always_in_their_own()
    {
        foreach (var split in Splits)
        {
            var petals = new Petals(split, 3000);
            for (var i = 0; i < petals.Count; i++)
            {
                var flower = petals.Attributes(i);
                Assert.Equal(split == Split.HeldOut, Petals.IsHeldOut(flower.Color, flower.Shape));
            }
        }
    }

    [Fact]
    public void Each_color_keeps_one_shape_back_and_each_shape_is_kept_back_twice()
    {
        var pairs = Enum.GetValues<PetalColor>().SelectMany(color => Enum.GetValues<PetalShape>().Select(shape => (color, shape)))
            .Where(pair => Petals.IsHeldOut(pair.color, pair.shape)).ToList();
        Assert.Equal(10, pairs.DistinctBy(pair => pair.color).Count());
        Assert.Equal(10, pairs.Count);
        Assert.All(pairs.GroupBy(pair => pair.shape), group => Assert.Equal(2, group.Count()));
    }

    [Fact]
    public void All_forty_pairs_and_every_value_of_every_attribute_are_in_training()
    {
        var petals = new Petals(Split.Train, 3000);
        var flowers = Enumerable.Range(0, petals.Count).Select(petals.Attributes).ToList();
        Assert.Equal(40, flowers.Select(flower => (flower.Color, flower.Shape)).Distinct().Count());
        Assert.Equal(6, flowers.Select(flower => flower.Center).Distinct().Count());
        Assert.Equal(8, flowers.Select(flower => flower.Backdrop).Distinct().Count());
        Assert.Equal(4, flowers.Select(flower => flower.Light).Distinct().Count());
        Assert.Equal(3, flowers.Select(flower => flower.Size).Distinct().Count());
        Assert.Equal(5, flowers.Select(flower => flower.Pose).Distinct().Count());
        Assert.Equal(3, flowers.Select(flower => flower.Foliage).Distinct().Count());
        Assert.DoesNotContain(flowers, flower => flower.Center.ToString() == flower.Color.ToString());
    }

    [Fact]
    public void No_picture_is_in_two_splits()
    {
        var seen = new Dictionary<Picture, Split>();
        foreach (var split in Splits)
        {
            var petals = new Petals(split, 60, 24);
            for (var i = 0; i < petals.Count; i++) Assert.True(seen.TryAdd(petals.Picture(i), split), $"{split} {i}");
        }
    }

    [Theory]
    [InlineData(PetalColor.White, 215, 215, 205)]
    [InlineData(PetalColor.Yellow, 235, 190, 30)]
    [InlineData(PetalColor.Orange, 225, 105, 20)]
    [InlineData(PetalColor.Red, 195, 20, 25)]
    [InlineData(PetalColor.Burgundy, 85, 8, 28)]
    [InlineData(PetalColor.Pink, 235, 145, 170)]
    [InlineData(PetalColor.Magenta, 205, 25, 125)]
    [InlineData(PetalColor.Purple, 95, 30, 150)]
    [InlineData(PetalColor.Lavender, 170, 145, 215)]
    [InlineData(PetalColor.Blue, 45, 85, 200)]
    public void Petals_have_the_color_that_is_said(PetalColor color, int r, int g, int b)
    {
        // A pixel on a petal of a large flower that faces the viewer, halfway out: its hue and lightness are about the named ones.
        var flower = new FlowerAttributes(color, PetalShape.Ruffled, 6, CenterColor.Green, Backdrop.Mist, FlowerLight.Soft, FlowerSize.Large, FlowerPose.Facing, Foliage.None);
        double[] sums = new double[3];
        for (var seed = 0; seed < 12; seed++)
        {
            var pixel = Petals.Draw(flower, seed)[32, 16];
            (sums[0], sums[1], sums[2]) = (sums[0] + pixel.R / 12.0, sums[1] + pixel.G / 12.0, sums[2] + pixel.B / 12.0);
        }
        Assert.InRange(Math.Abs(sums[0] - r) + Math.Abs(sums[1] - g) + Math.Abs(sums[2] - b), 0, 60);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(97)]
    [InlineData(256)]
    public void Any_side_can_be_drawn(int side)
    {
        var picture = new Petals(Split.Train, 1, side).Picture(0);
        Assert.Equal((side, side), (picture.Width, picture.Height));
    }

    [Fact]
    public void The_same_flower_at_twice_the_side_is_the_same_picture()
    {
        var (small, large) = (new Petals(Split.Train, 6, 64), new Petals(Split.Train, 6, 128));
        for (var i = 0; i < 6; i++)
        {
            var shrunk = large.Picture(i).Resize(64, 64, Resampling.Bilinear).Rgb;
            var difference = small.Picture(i).Rgb.Zip(shrunk, (a, b) => Math.Abs(a - b)).Average();
            Assert.True(difference < 5, $"flower {i} differs by {difference:0.0} levels");
        }
    }

    [Fact]
    public void What_cannot_be_drawn_says_why()
    {
        var petals = Assert.Throws<CourseException>(() => Petals.Draw(new FlowerAttributes(PetalColor.Red, PetalShape.Long, 3, CenterColor.Green,
            Backdrop.Mist, FlowerLight.Soft, FlowerSize.Large, FlowerPose.Facing, Foliage.None)));
        Assert.Equal("A flower with Long petals cannot have PetalCount 3: use one of 10, 12, 16, 20.", petals.Message);
        Assert.Contains("side must be 16 to 1024", Assert.Throws<CourseException>(() => new Petals(Split.Train, 4, side: 8)).Message);
        Assert.Contains("count must be 1 or more", Assert.Throws<CourseException>(() => new Petals(Split.Train, 0)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Petals(Split.Train, 4).Picture(4));
    }

    private static int[] Quarters(Picture picture)
    {
        var sums = new double[12];
        for (var y = 0; y < 64; y++)
            for (var x = 0; x < 64; x++)
                for (var channel = 0; channel < 3; channel++)
                    sums[(y / 32 * 2 + x / 32) * 3 + channel] += picture.Rgb[(y * 64 + x) * 3 + channel] / 1024.0;
        return [.. sums.Select(sum => (int)Math.Round(sum))];
    }
}
