using System.Diagnostics;
using System.Globalization;
using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>How one file of the cache stands.</summary>
public enum CacheState { Missing, Good, Bad }

/// <summary>One file of the cache, checked.</summary>
/// <param name="File">Which.</param>
/// <param name="Path">Where it is or would be.</param>
/// <param name="State">How it stands.</param>
/// <param name="Problem">What is wrong with a bad one, and where it was put.</param>
public sealed record CacheEntry(SourceFile File, string Path, CacheState State, string? Problem = null);

/// <summary>
/// Fetches what data/sources.json lists into one cache folder, which any number of processes may use at once.
/// </summary>
/// <remarks>
/// A file appears under its name only when its size and hash are right. Until then it is FILE.part, from which the next
/// try goes on; a file with the wrong hash becomes FILE.bad and is never used.
/// </remarks>
public static class Downloads
{
    /// <summary>Where a source is kept, if it is all there and right; nothing is fetched.</summary>
    /// <param name="name">The source's name in data/sources.json, for example <c>vgg19</c>.</param>
    /// <param name="file">One of its files; when not given, all of them are asked for.</param>
    /// <param name="options">Where the cache is; the environment's when not given.</param>
    /// <returns>The path of that file or of the source's only one, else of its folder; null when something is missing.</returns>
    /// <exception cref="CourseException">There is no such source, or a file has the wrong hash: it is put aside.</exception>
    public static string? PathIfCached(string name, string? file = null, DownloadOptions? options = null) =>
        PathIfCached(Sources.Find(name), file, options);

    /// <inheritdoc cref="PathIfCached(string, string?, DownloadOptions?)"/>
    /// <param name="source">The source.</param>
    /// <param name="file">One of its files; when not given, all of them are asked for.</param>
    /// <param name="options">Where the cache is; the environment's when not given.</param>
    public static string? PathIfCached(Source source, string? file = null, DownloadOptions? options = null)
    {
        options = (options ?? DownloadOptions.FromEnvironment()).For(source);
        var files = file is null ? source.Files : [Find(source, file)];
        // Nothing is hashed while another file is missing.
        if (!files.All(each => File.Exists(options.PathOf(source, each)))) return null;
        foreach (var each in files)
            if (Check(source, each, options) is { State: CacheState.Bad } bad)
                throw new CourseException($"The cached file {bad.Path} is not the published one: {bad.Problem}. Fetch it again with ./course data fetch {source.Name}.");
        return files.Count == 1 ? options.PathOf(source, files[0]) : Path.Combine(options.Cache, source.Name);
    }

    /// <summary>How every file of a source stands; a hash is computed only where none was since the file changed.</summary>
    /// <returns>One entry for each file; bad ones have been put aside.</returns>
    public static IReadOnlyList<CacheEntry> Look(Source source, DownloadOptions? options = null)
    {
        options = (options ?? DownloadOptions.FromEnvironment()).For(source);
        return [.. source.Files.Select(file => Check(source, file, options))];
    }

    /// <summary>Computes the hash of every file of a source that is in the cache, even of those that were right before.</summary>
    /// <returns>One entry for each file; bad ones have been put aside.</returns>
    public static IReadOnlyList<CacheEntry> Verify(Source source, DownloadOptions? options = null)
    {
        options = (options ?? DownloadOptions.FromEnvironment()).For(source);
        return [.. source.Files.Select(file => Check(source, file, options, again: true))];
    }

    /// <summary>Fetches all files of a source that are not in the cache yet.</summary>
    /// <param name="source">What to fetch.</param>
    /// <param name="progress">Told of bytes, retries and mirrors.</param>
    /// <param name="cancel">Stops; what is here is kept, and the next call goes on from it.</param>
    /// <param name="options">How and where to; the environment's when not given.</param>
    /// <returns>The path of its only file, else of its folder.</returns>
    /// <exception cref="CourseException">
    /// No network, no space, or no address gave the right file: one line says what each of them answered and what to do.
    /// </exception>
    public static async Task<string> FetchAsync(Source source, IProgress<DownloadProgress>? progress = null,
        CancellationToken cancel = default, DownloadOptions? options = null)
    {
        options = (options ?? DownloadOptions.FromEnvironment()).For(source);
        foreach (var file in source.Files) await FetchAsync(source, file, progress, options, cancel);
        return source.Files.Count == 1 ? options.PathOf(source, source.Files[0]) : Path.Combine(options.Cache, source.Name);
    }

    private static async Task FetchAsync(Source source, SourceFile file, IProgress<DownloadProgress>? progress, DownloadOptions options, CancellationToken cancel)
    {
        var path = options.PathOf(source, file);
        if (await IsGoodAsync()) return;
        if (options.Offline) throw new CourseException($"{source.Name} is not in the cache and {DownloadOptions.OfflineVariable} forbids the network: unset it, or put the file at {path}.");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The cache {options.Cache} cannot be written ({error.Message}): set {Folders.CacheVariable} to a folder of your own.", error);
        }
        using var taken = await CacheLock.TakeAsync(path, () => progress?.Report(new(source.Name, file.File, 0, file.Size, "another process is fetching it; waiting")), cancel);
        if (await IsGoodAsync()) return;

        List<string> faults = [];
        try
        {
            RequireSpace(source, file, options);
            foreach (var address in options.AddressesOf(source, file))
                if (await TryAsync(address, faults)) return;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) // of the disk: the network's are faults
        {
            var missing = KeepWhatIsThere(path, file, options);
            if (IsDiskFull(error))
                throw new CourseException($"The disk of {options.Cache} is full: {source.Name} needs {Megabytes(missing)} MB more. Free some space and fetch it again, which goes on from what is there, or set {Folders.CacheVariable} to another disk's folder.", error);
            throw new CourseException($"The download of {source.Name} cannot be kept in {options.Cache}: {error.Message.TrimEnd('.')}. Free some space, or set {Folders.CacheVariable} to another folder.", error);
        }
        throw new CourseException($"{source.Name} could not be fetched: {string.Join("; ", faults)}. Check the network, set {DownloadOptions.MirrorVariable} to a mirror, or put the file at {path} yourself.");

        // Hashing takes seconds, and must not hold up whoever shows the progress.
        Task<bool> IsGoodAsync() => Task.Run(() => Check(source, file, options).State == CacheState.Good, cancel);

        async Task<bool> TryAsync(Uri address, List<string> faults)
        {
            // A part that an earlier run left may be of another file: then, once, everything is fetched anew.
            for (var again = false; ; again = true)
            {
                var resumed = false;
                try
                {
                    using var parts = PartFile.Open(path, file.Size, options.PartBytes, options.Write);
                    resumed = parts.Done > 0;
                    await new FileFetch(address, parts, file.Size, options, Reporter(source, file, parts, progress)).RunAsync(cancel);
                    progress?.Report(new(source.Name, file.File, parts.Done, file.Size, "checking"));
                }
                catch (FetchFault fault)
                {
                    if (PartFile.DoneOf(path, file.Size, options.PartBytes) == 0) PartFile.Delete(path);
                    faults.Add($"{address.Host}: {fault.Message}");
                    return false;
                }
                var cached = new CachedFile(path, file);
                if (await Task.Run(() => cached.FindFault(PartFile.PathOf(path)), cancel) is not { } wrong)
                {
                    File.Move(PartFile.PathOf(path), path, overwrite: true);
                    PartFile.Delete(path);
                    cached.Stamp();
                    return true;
                }
                var aside = cached.PutAside(PartFile.PathOf(path));
                PartFile.Delete(path);
                if (resumed && !again) continue;
                faults.Add($"{address.Host}: not the published file ({wrong}; {aside})");
                return false;
            }
        }
    }

    private static CacheEntry Check(Source source, SourceFile file, DownloadOptions options, bool again = false)
    {
        var path = options.PathOf(source, file);
        var cached = new CachedFile(path, file);
        try
        {
            if (!File.Exists(path)) return new(file, path, CacheState.Missing);
            if (!again && cached.IsStamped()) return new(file, path, CacheState.Good);
            if (cached.FindFault(path) is { } wrong)
                return new(file, path, CacheState.Bad, $"{wrong}; {cached.PutAside(path)}");
            cached.Stamp();
            return new(file, path, CacheState.Good);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CourseException($"The cached file {path} cannot be read: {error.Message}", error);
        }
    }

    private static void RequireSpace(Source source, SourceFile file, DownloadOptions options)
    {
        const long Slack = 64 << 20;
        var there = PartFile.DoneOf(options.PathOf(source, file), file.Size, options.PartBytes);
        var (needed, free) = (file.Size - there + Slack, options.FreeSpace(options.Cache));
        if (free >= needed) return;
        throw new CourseException($"{source.Name} needs {Megabytes(needed)} MB more, and the disk of {options.Cache} has {Megabytes(free)} MB free: free some space, or set {Folders.CacheVariable} to another disk's folder.");
    }

    // An empty part would only take room from whatever is to be kept next.
    private static long KeepWhatIsThere(string path, SourceFile file, DownloadOptions options)
    {
        try
        {
            var there = PartFile.DoneOf(path, file.Size, options.PartBytes);
            if (there == 0) PartFile.Delete(path);
            return file.Size - there;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return file.Size;
        }
    }

    // ENOSPC and EDQUOT as Linux and macOS number them, ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    private static bool IsDiskFull(Exception error) => OperatingSystem.IsWindows()
        ? (error.HResult & 0xFFFF) is 112 or 39
        : error.HResult == 28 || error.HResult == (OperatingSystem.IsLinux() ? 122 : 69);

    private static string Megabytes(long bytes) => Math.Ceiling(bytes / 1e6).ToString("N0", CultureInfo.InvariantCulture);

    private static Action<string?> Reporter(Source source, SourceFile file, PartFile parts, IProgress<DownloadProgress>? progress)
    {
        var last = Stopwatch.GetTimestamp() - Stopwatch.Frequency;
        return note =>
        {
            if (progress is null) return;
            var (before, now) = (Volatile.Read(ref last), Stopwatch.GetTimestamp());
            if (note is null && Stopwatch.GetElapsedTime(before, now) < TimeSpan.FromSeconds(0.2)) return;
            if (note is null && Interlocked.CompareExchange(ref last, now, before) != before) return; // another part reports
            progress.Report(new(source.Name, file.File, parts.Done, file.Size, note));
        };
    }

    private static SourceFile Find(Source source, string file) => source.Files.FirstOrDefault(each => each.File == file)
        ?? throw new CourseException($"The source {source.Name} has no file '{file}': it has {string.Join(", ", source.Files.Select(each => each.File))}.");
}
