using System.Collections.Concurrent;
using System.Diagnostics;
using ImageGen.Imaging;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Data;

/// <summary>How batches are made.</summary>
public sealed record BatchOptions
{
    /// <summary>Pictures in a batch.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Decides the order, the cuts, the flips and which of a picture's captions is taken.</summary>
    public int Seed { get; init; } = Seeds.Default;

    /// <summary>Whether the order changes from epoch to epoch; without it pictures come in their own order.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Whether pictures are cut at random places and, where that is allowed, mirrored; otherwise the middle is taken.</summary>
    public bool Augment { get; init; } = true;

    /// <summary>Whether an epoch ends with a smaller batch, so that each picture is seen once. Training leaves the rest out.</summary>
    public bool KeepRest { get; init; }

    /// <summary>Batches that are prepared ahead, each on a worker thread of its own.</summary>
    public int Workers { get; init; } = 2;
}

/// <summary>Pictures with one caption each. Dispose it, or let a dispose scope do so.</summary>
/// <param name="Pictures"><c>[B, 3, S, S]</c>, float32 in [−1, 1], on <see cref="Compute.Device"/>.</param>
/// <param name="Captions">One for each picture.</param>
/// <param name="Indices">Where each picture stands in the data set.</param>
/// <param name="CaptionIndices">Which of the picture's captions was taken.</param>
public sealed record PictureBatch(
    Tensor Pictures, IReadOnlyList<string> Captions, IReadOnlyList<int> Indices, IReadOnlyList<int> CaptionIndices) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Pictures.Dispose();
}

/// <summary>
/// Shuffled batches of a data set, prepared on worker threads while the last one is computed with. What a batch holds
/// follows from the seed and its number alone, never from the threads' timing, so a run can resume at any step.
/// </summary>
public sealed class Batches
{
    private readonly ICaptionedPictures data;
    private readonly BatchOptions options;
    private readonly ConcurrentBag<float[]> buffers = [];
    private long waited;

    /// <summary>Batches of a data set.</summary>
    /// <exception cref="CourseException">An option is out of range, or the set is smaller than one batch.</exception>
    public Batches(ICaptionedPictures data, BatchOptions? options = null)
    {
        (this.data, this.options) = (data, options ?? new BatchOptions());
        var (size, workers) = (this.options.BatchSize, this.options.Workers);
        if (size < 1) throw new CourseException($"BatchSize is {size}: it must be 1 or more.");
        if (workers is < 1 or > 64) throw new CourseException($"Workers is {workers}: it must be 1 to 64.");
        if (data.Count < size && !this.options.KeepRest)
            throw new CourseException($"{data.Name} has {data.Count} pictures, fewer than one batch of {size}: add pictures, or set BatchSize to {data.Count} or less.");
        PerEpoch = this.options.KeepRest ? (data.Count + size - 1) / size : data.Count / size;
    }

    /// <summary>Batches in an epoch.</summary>
    public int PerEpoch { get; }

    /// <summary>How long the consumer has waited for batches so far.</summary>
    public TimeSpan Waited => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref waited));

    /// <summary>One epoch's batches.</summary>
    public IEnumerable<PictureBatch> Epoch(int epoch = 0) => From((long)epoch * PerEpoch).Take(PerEpoch);

    /// <summary>Batches without end, from number <paramref name="step"/> on; epochs follow one another.</summary>
    public IEnumerable<PictureBatch> From(long step = 0)
    {
        var ahead = new Queue<Task<Prepared>>();
        try
        {
            while (true)
            {
                while (ahead.Count < options.Workers)
                {
                    var number = step++;
                    ahead.Enqueue(Task.Run(() => Prepare(number)));
                }
                var start = Stopwatch.GetTimestamp();
                var prepared = ahead.Peek().GetAwaiter().GetResult();
                Interlocked.Add(ref waited, Stopwatch.GetTimestamp() - start);
                ahead.Dequeue();
                yield return ToBatch(prepared);
            }
        }
        finally
        {
            // Whoever stops early leaves no work behind; an error there is of no use to anyone.
            foreach (var task in ahead)
                task.ContinueWith(done => done.Exception, TaskScheduler.Default).Wait();
        }
    }

    private Prepared Prepare(long number)
    {
        var (epoch, batch) = (number / PerEpoch, (int)(number % PerEpoch));
        var order = Order(epoch);
        var indices = order.AsSpan(batch * options.BatchSize, Math.Min(options.BatchSize, order.Length - batch * options.BatchSize)).ToArray();
        var plane = data.Side * data.Side;
        var values = buffers.TryTake(out var free) && free.Length == indices.Length * 3 * plane ? free : new float[indices.Length * 3 * plane];
        var (captions, chosen) = (new string[indices.Length], new int[indices.Length]);
        for (var i = 0; i < indices.Length; i++)
        {
            var random = SplitMix64.Stream(Key(2), (ulong)(number * options.BatchSize + i));
            var all = data.Captions(indices[i]);
            chosen[i] = random.Next(all.Count);
            captions[i] = all[chosen[i]];
            Cut(data.Picture(indices[i]), values.AsSpan(i * 3 * plane, 3 * plane), random);
        }
        return new Prepared(values, captions, indices, chosen);
    }

    /// <summary>The order of an epoch, the same whoever asks.</summary>
    private int[] Order(long epoch)
    {
        int[] order = [.. Enumerable.Range(0, data.Count)];
        if (options.Shuffle) SplitMix64.Stream(Key(1), (ulong)epoch).Shuffle(order.AsSpan());
        return order;
    }

    private ulong Key(uint purpose) => (ulong)(uint)options.Seed << 8 | purpose;

    /// <summary>A square of the picture as three planes in [−1, 1].</summary>
    private void Cut(Picture picture, Span<float> planes, SplitMix64 random)
    {
        var side = data.Side;
        int roomX = picture.Width - side, roomY = picture.Height - side;
        if (roomX < 0 || roomY < 0) throw new InvalidOperationException($"{data.Name} promises pictures of {side} pixels and gave {picture}.");
        var (left, top) = options.Augment ? (random.Next(roomX + 1), random.Next(roomY + 1)) : (roomX / 2, roomY / 2);
        var flip = options.Augment && data.MayFlip && random.Chance(0.5f);
        var (step, start) = flip ? (-3, (side - 1) * 3) : (3, 0);
        var plane = side * side;
        ReadOnlySpan<float> unit = ToUnit;
        for (var y = 0; y < side; y++)
        {
            var pixels = picture.Rgb.AsSpan(((top + y) * picture.Width + left) * 3, side * 3);
            var red = planes.Slice(y * side, side);
            var green = planes.Slice(plane + y * side, side);
            var blue = planes.Slice(2 * plane + y * side, side);
            for (int x = 0, at = start; x < red.Length; x++, at += step)
            {
                red[x] = unit[pixels[at]];
                green[x] = unit[pixels[at + 1]];
                blue[x] = unit[pixels[at + 2]];
            }
        }
    }

    private static readonly float[] ToUnit = [.. Enumerable.Range(0, 256).Select(level => level / 127.5f - 1)];

    private PictureBatch ToBatch(Prepared prepared)
    {
        var (side, count) = (data.Side, prepared.Indices.Length);
        using var scope = NewDisposeScope();
        // A copy in torch's own memory: sums over memory that is aligned in another way differ in their last bits.
        var pictures = tensor(prepared.Values, [count, 3, side, side]).CopyTo(Compute.Device).MoveToOuterDisposeScope();
        buffers.Add(prepared.Values);
        return new PictureBatch(pictures, prepared.Captions, prepared.Indices, prepared.CaptionIndices);
    }

    private readonly record struct Prepared(float[] Values, string[] Captions, int[] Indices, int[] CaptionIndices);
}
