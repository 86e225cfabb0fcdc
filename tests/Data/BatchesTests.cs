using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using TorchSharp;

namespace ImageGen.Tests.Data;

public sealed class BatchesTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    public void Prepared_ahead_or_one_by_one_batches_are_the_same(int workers)
    {
        var data = new Numbered(50, jitter: true);
        var alone = Take(new Batches(data, new BatchOptions { BatchSize = 8, Workers = 1 }), 15);
        var ahead = Take(new Batches(data, new BatchOptions { BatchSize = 8, Workers = workers }), 15);
        Assert.Equal(alone, ahead);
    }

    [Fact]
    public void A_run_resumes_at_any_step()
    {
        var options = new BatchOptions { BatchSize = 8 };
        var whole = Take(new Batches(new Numbered(50), options), 15);
        Assert.Equal(whole[9..], Take(new Batches(new Numbered(50), options), 6, from: 9));
    }

    [Fact]
    public void An_epoch_shows_no_picture_twice_and_the_next_comes_in_another_order()
    {
        var batches = new Batches(new Numbered(50), new BatchOptions { BatchSize = 8 });
        Assert.Equal(6, batches.PerEpoch);
        var (first, second) = (Indices(batches.Epoch(0)), Indices(batches.Epoch(1)));
        Assert.Equal(48, first.Distinct().Count());
        Assert.Equal(48, second.Distinct().Count());
        Assert.NotEqual(first, second);
        Assert.NotEqual(first, Indices(new Batches(new Numbered(50), new BatchOptions { BatchSize = 8, Seed = 8 }).Epoch(0)));
        Assert.Equal(Enumerable.Range(0, 50), Indices(new Batches(new Numbered(50), new BatchOptions { BatchSize = 8, Shuffle = false, KeepRest = true }).Epoch()));
    }

    [Fact]
    public void Pixels_go_from_minus_one_to_one_in_planes()
    {
        using var scope = torch.NewDisposeScope();
        var data = new Numbered(3);
        using var batch = new Batches(data, new BatchOptions { BatchSize = 3, Shuffle = false, Augment = false }).Epoch().Single();
        Assert.Equal([3, 3, 8, 8], batch.Pictures.shape);
        // The picture n has the colors (n, 255, 10 x + y) where x and y count from its top left corner; the middle of 12×10 begins at (2, 1).
        for (var n = 0; n < 3; n++)
        {
            Assert.Equal(n / 127.5f - 1, batch.Pictures[n, 0, 5, 5].item<float>(), 1e-6f);
            Assert.Equal(1, batch.Pictures[n, 1, 0, 0].item<float>(), 1e-6f);
            Assert.Equal((10 * (2 + 3) + 1 + 4) / 127.5f - 1, batch.Pictures[n, 2, 4, 3].item<float>(), 1e-6f);
        }
        Assert.Equal(["0 one", "1 one", "2 one"], batch.Captions.Zip(batch.Indices, (_, i) => data.Captions(i)[0]));
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(data.Captions(i)[batch.CaptionIndices[i]], batch.Captions[i]));
    }

    [Fact]
    public void Cuts_and_flips_vary_and_are_what_they_say()
    {
        using var scope = torch.NewDisposeScope();
        var places = new HashSet<(bool Flipped, int Left, int Top)>();
        foreach (var batch in new Batches(new Numbered(40), new BatchOptions { BatchSize = 40 }).From().Take(10))
            for (var i = 0; i < 40; i++)
            {
                int Blue(int y, int x) => (int)MathF.Round((batch.Pictures[i, 2, y, x].item<float>() + 1) * 127.5f);
                var step = Blue(0, 1) - Blue(0, 0);
                Assert.Equal(10, Math.Abs(step));
                var corner = step > 0 ? Blue(0, 0) : Blue(0, 7);
                places.Add((step < 0, corner / 10, corner % 10));
            }
        // 12×10 pixels leave 5 × 3 places for 8×8, each mirrored or not.
        Assert.Equal(30, places.Count);
        var upright = new Batches(new Numbered(40, mayFlip: false), new BatchOptions { BatchSize = 40 });
        Assert.All(upright.Epoch(), batch => Assert.True((batch.Pictures.narrow(3, 1, 7) - batch.Pictures.narrow(3, 0, 7)).select(1, 2).ge(0).all().item<bool>()));
    }

    [Fact]
    public void Every_caption_of_a_picture_is_used()
    {
        using var scope = torch.NewDisposeScope();
        var seen = new Batches(new Numbered(4), new BatchOptions { BatchSize = 4 }).From().Take(40).SelectMany(batch => batch.Captions).Distinct();
        Assert.Equal(8, seen.Count());
    }

    [Fact]
    public void A_picture_that_cannot_be_read_is_told_where_it_is_needed()
    {
        var batches = new Batches(new Numbered(16, broken: 13), new BatchOptions { BatchSize = 4, Shuffle = false });
        using var scope = torch.NewDisposeScope();
        var taken = 0;
        var error = Assert.Throws<CourseException>(() =>
        {
            foreach (var batch in batches.Epoch()) taken++;
        });
        Assert.Equal("picture 13 is gone", error.Message);
        Assert.Equal(3, taken);
    }

    [Fact]
    public void What_cannot_make_a_batch_says_why()
    {
        Assert.Equal("numbers has 5 pictures, fewer than one batch of 32: add pictures, or set BatchSize to 5 or less.",
            Assert.Throws<CourseException>(() => new Batches(new Numbered(5))).Message);
        Assert.Contains("BatchSize is 0", Assert.Throws<CourseException>(() => new Batches(new Numbered(5), new BatchOptions { BatchSize = 0 })).Message);
        Assert.Contains("Workers is 0", Assert.Throws<CourseException>(() => new Batches(new Numbered(50), new BatchOptions { Workers = 0 })).Message);
    }

    [Fact]
    public void Disposed_batches_leave_no_tensors()
    {
        var batches = new Batches(new Numbered(64), new BatchOptions { BatchSize = 8 });
        foreach (var batch in batches.From().Take(3)) batch.Dispose();
        // This thread's own: the collector may free tensors of other tests at any time.
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        foreach (var batch in batches.From().Take(30)) batch.Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Petals_come_in_batches_with_their_attributes()
    {
        using var scope = torch.NewDisposeScope();
        var petals = new Petals(Split.Train, 40, 32);
        using var batch = new Batches(petals, new BatchOptions { BatchSize = 16 }).Epoch(3).First();
        Assert.Equal([16, 3, 32, 32], batch.Pictures.shape);
        for (var i = 0; i < 16; i++)
        {
            Assert.Equal(petals.Picture(batch.Indices[i]), Picture.FromTensor(batch.Pictures[i], PixelRange.MinusOneToOne));
            Assert.True(petals.Descriptions(batch.Indices[i])[batch.CaptionIndices[i]].Fits(petals.Attributes(batch.Indices[i])));
        }
    }

    private static List<string> Take(Batches batches, int count, long from = 0)
    {
        using var scope = torch.NewDisposeScope();
        return [.. batches.From(from).Take(count).Select(batch => string.Join(' ', batch.Indices) + string.Join(';', batch.Captions)
            + batch.Pictures.to(torch.ScalarType.Float64).mul(torch.arange(batch.Pictures.numel(), torch.ScalarType.Float64).view(batch.Pictures.shape).sin()).sum().item<double>().ToString("R"))];
    }

    private static int[] Indices(IEnumerable<PictureBatch> batches)
    {
        using var scope = torch.NewDisposeScope();
        return [.. batches.SelectMany(batch => batch.Indices)];
    }

    /// <summary>Pictures of 12×10 pixels, larger than the side of 8, whose blue channel says where each pixel was.</summary>
    private sealed class Numbered(int count, bool mayFlip = true, bool jitter = false, int broken = -1) : ICaptionedPictures
    {
        public string Name => "numbers";
        public int Count => count;
        public int Side => 8;
        public bool MayFlip => mayFlip;

        public Picture Picture(int index)
        {
            if (index == broken) throw new CourseException($"picture {index} is gone");
            if (jitter) Thread.Sleep(index * 7 % 5);
            var rgb = new byte[12 * 10 * 3];
            for (var i = 0; i < 120; i++) (rgb[i * 3], rgb[i * 3 + 1], rgb[i * 3 + 2]) = ((byte)index, 255, (byte)(10 * (i % 12) + i / 12));
            return new Picture(12, 10, rgb);
        }

        public IReadOnlyList<string> Captions(int index) => [$"{index} one", $"{index} two"];
    }
}
