using System.Net;
using System.Net.Sockets;
using Polly;
using Polly.Retry;

namespace ImageGen.Weights;

/// <summary>Fetches one file from one address into a <see cref="PartFile"/>: in parts, several at a time, each tried again with growing pauses.</summary>
internal sealed class FileFetch(Uri address, PartFile parts, long size, DownloadOptions options, Action<string?> report)
{
    private const int BufferBytes = 256 << 10;
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    // Its own timeout would count the whole transfer; ours counts silence.
    private static readonly HttpClient Client = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { { "User-Agent", "ImageGen" } },
    };

    // Set when the server answers a request for a part with the whole file: parts are then of no use.
    private bool whole;

    // Set while several parts are on their way at once.
    private bool several;

    /// <exception cref="FetchFault">The file cannot be had from this address.</exception>
    /// <exception cref="IOException">The disk cannot take it.</exception>
    internal async Task RunAsync(CancellationToken cancel)
    {
        var pipeline = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<PassingFault>(),
            MaxRetryAttempts = Math.Max(1, options.Retries),
            BackoffType = DelayBackoffType.Exponential,
            Delay = options.FirstDelay,
            MaxDelay = LongestDelay,
            UseJitter = true,
            DelayGenerator = static arguments => new((arguments.Outcome.Exception as PassingFault)?.RetryAfter is { } asked && asked < LongestDelay ? asked : null),
            OnRetry = arguments =>
            {
                report($"{address.Host}: {arguments.Outcome.Exception!.Message}; trying again");
                return default;
            },
        }).Build();

        // The first part alone shows whether the server knows parts at all.
        foreach (var first in parts.Missing.Take(1).ToList()) await pipeline.ExecuteAsync(token => FetchAsync(first, token), cancel);
        several = true;
        var others = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.Connections), CancellationToken = cancel };
        await Parallel.ForEachAsync(parts.Missing.ToList(), others, (part, token) => pipeline.ExecuteAsync(t => FetchAsync(part, t), token));
    }

    private async ValueTask FetchAsync(int part, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(options.StallTimeout);
        try
        {
            var (start, end, done) = parts[part];
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            if (!whole && (done > 0 || parts.Count > 1)) request.Headers.Range = new(start + done, end - 1);
            using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            Check(response, start + done);
            await using var body = await response.Content.ReadAsStreamAsync(patience.Token);
            if (response.StatusCode == HttpStatusCode.PartialContent)
            {
                await CopyAsync(body, [part], patience, cancel);
                return;
            }
            if (several) throw new FetchFault("it gives parts of the file at one time and refuses them at another");
            // A server that ignores ranges begins at the beginning, and so do we.
            whole = true;
            parts.Reset();
            await CopyAsync(body, Enumerable.Range(0, parts.Count), patience, cancel);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new PassingFault($"no answer for {options.StallTimeout.TotalSeconds:0.#} seconds");
        }
        catch (HttpRequestException error)
        {
            // A name that cannot be found before the first byte means no network at all: said at once. Later it may come back.
            if (error.HttpRequestError == HttpRequestError.NameResolutionError && parts.Done == 0) throw new FetchFault(Plain(error));
            throw new PassingFault(Plain(error));
        }
        catch (DiskFault fault)
        {
            throw fault.InnerException!;
        }
        catch (IOException error)
        {
            throw new PassingFault($"the connection broke ({error.Message.ReplaceLineEndings(" ")})");
        }
    }

    private void Check(HttpResponseMessage response, long start)
    {
        var (status, headers) = (response.StatusCode, response.Content.Headers);
        var said = $"the server answers {(int)status} ({response.ReasonPhrase})";
        if (status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500)
            throw new PassingFault(said, response.Headers.RetryAfter?.Delta);
        if (status is HttpStatusCode.RequestedRangeNotSatisfiable)
            throw new FetchFault($"its file is shorter than the {size} bytes expected");
        if (status is not (HttpStatusCode.OK or HttpStatusCode.PartialContent)) throw new FetchFault(said);
        if (headers.ContentType?.MediaType is "text/html" or "application/xhtml+xml")
            throw WebPage();

        if (status is HttpStatusCode.OK)
        {
            if (headers.ContentLength is { } length && length != size) throw new FetchFault($"its file has {length} bytes, not {size}");
        }
        else if (headers.ContentRange is not { From: { } from } range || from != start || (range.HasLength && range.Length != size))
            throw new FetchFault($"it answers with the wrong part of the file ({headers.ContentRange})");
    }

    private async Task CopyAsync(Stream body, IEnumerable<int> into, CancellationTokenSource patience, CancellationToken cancel)
    {
        var buffer = new byte[BufferBytes];
        foreach (var part in into)
        {
            for (var (start, end, done) = parts[part]; done < end - start;)
            {
                patience.CancelAfter(options.StallTimeout);
                var read = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(BufferBytes, end - start - done)), patience.Token);
                if (read == 0) throw new PassingFault($"the connection ended {end - start - done} bytes early");
                cancel.ThrowIfCancellationRequested();
                if (start + done == 0 && buffer.AsSpan(0, read).TrimStart(" \t\r\n"u8) is [(byte)'<', ..]) throw WebPage();
                Keep(part, buffer.AsSpan(0, read));
                done += read;
                report(null);
            }
        }
    }

    // The disk's errors look like the connection's; no other try would mend them.
    private sealed class DiskFault(IOException cause) : Exception(cause.Message, cause);

    private void Keep(int part, ReadOnlySpan<byte> bytes)
    {
        try { parts.Append(part, bytes); }
        catch (IOException error) { throw new DiskFault(error); }
    }

    private static FetchFault WebPage() => new("it answers with a web page instead of the file (a proxy's or a sign-in page?)");

    private string Plain(HttpRequestException error)
    {
        var proxy = HttpClient.DefaultProxy.GetProxy(address) is { } through && through != address ? $" through the proxy {through.Host}:{through.Port}" : "";
        return error switch
        {
            { HttpRequestError: HttpRequestError.NameResolutionError } => $"its name cannot be found{proxy}",
            { HttpRequestError: HttpRequestError.SecureConnectionError } => $"no secure connection{proxy}",
            { InnerException: SocketException { SocketErrorCode: var code } } => $"no connection{proxy} ({code})",
            _ => $"{error.Message.ReplaceLineEndings(" ")}{proxy}",
        };
    }
}
