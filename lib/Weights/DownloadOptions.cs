using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>How files are fetched and where they are kept.</summary>
public sealed record DownloadOptions
{
    /// <summary>The environment variable with the address of a classroom's mirror; its layout is the cache's: NAME/FILE.</summary>
    public const string MirrorVariable = "IMAGEGEN_MIRROR";

    /// <summary>The environment variable that forbids the network when it is <c>1</c>.</summary>
    public const string OfflineVariable = "IMAGEGEN_OFFLINE";

    /// <summary>The environment variable with a second cache, which someone else has filled and this user only reads.</summary>
    public const string SharedVariable = "IMAGEGEN_SHARED_CACHE";

    /// <summary>
    /// A cache that is looked into first and never written on purpose: a room's or a hub's, in which a source counts where
    /// all of its files are there and right. What it lacks is fetched into <see cref="Cache"/>. Null for none.
    /// </summary>
    public string? SharedCache { get; init; }

    /// <summary>The folder that holds everything fetched.</summary>
    public string Cache { get; init; } = Folders.Cache;

    /// <summary>An address that is tried before a file's own; null for none.</summary>
    public string? Mirror { get; init; }

    /// <summary>Whether the network is forbidden.</summary>
    public bool Offline { get; init; }

    /// <summary>How long a server may say nothing before the connection is given up and made anew.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tries after the first, for each part of a file.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>The pause before the second try; it doubles with each further one, up to half a minute.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Connections at a time to fetch parts of one large file.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Bytes of a part: what is lost at most when a server cannot resume.</summary>
    public int PartBytes { get; init; } = 32 << 20;

    /// <summary>Free bytes of the disk that holds a folder.</summary>
    public Func<string, long> FreeSpace { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>How bytes are put on the disk: replaced where a full disk is played.</summary>
    internal DiskWrite Write { get; init; } = RandomAccess.Write;

    /// <summary>The defaults, with the mirror, the shared cache and the offline switch of this process's environment.</summary>
    /// <exception cref="CourseException">The mirror is no web address.</exception>
    public static DownloadOptions FromEnvironment()
    {
        var mirror = Environment.GetEnvironmentVariable(MirrorVariable);
        if (string.IsNullOrWhiteSpace(mirror)) mirror = null;
        else if (!Sources.IsWebAddress(mirror)) throw new CourseException($"{MirrorVariable} is '{mirror}': it should be an address such as http://classroom.local:8000.");
        var shared = Environment.GetEnvironmentVariable(SharedVariable);
        return new() { Mirror = mirror, SharedCache = string.IsNullOrWhiteSpace(shared) ? null : Path.GetFullPath(shared), Offline = Environment.GetEnvironmentVariable(OfflineVariable) is "1" or "true" };
    }

    /// <summary>These options with the cache in which a source is or is going to be.</summary>
    internal DownloadOptions For(Source source)
    {
        if (SharedCache is null) return this;
        var shared = this with { Cache = SharedCache, SharedCache = null };
        var files = source.Files.Select(file => new CachedFile(shared.PathOf(source, file), file)).ToList();
        // Nothing is hashed while another file is missing.
        return files.All(file => File.Exists(file.Path)) && files.All(file => file.IsGood()) ? shared : this;
    }

    internal string PathOf(Source source, SourceFile file) => Path.Combine([Cache, source.Name, .. file.File.Split('/')]);

    internal IEnumerable<Uri> AddressesOf(Source source, SourceFile file)
    {
        if (Mirror is not null) yield return new Uri($"{Mirror.TrimEnd('/')}/{source.Name}/{file.File}");
        foreach (var url in file.Urls) yield return new Uri(url);
    }
}

/// <summary>What a download tells those who watch, at most five times a second.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="File">The file's name.</param>
/// <param name="Done">Bytes of it that are here.</param>
/// <param name="Size">Bytes of it in all.</param>
/// <param name="Note">What happens besides: a retry and its reason, another mirror, the check of the hash.</param>
public sealed record DownloadProgress(string Source, string File, long Done, long Size, string? Note = null);
