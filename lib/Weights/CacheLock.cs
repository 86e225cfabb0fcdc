using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>Lets one process or task at a time fetch a file: an open, locked FILE.lock, which the system frees even after a crash.</summary>
internal sealed class CacheLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly FileStream file;

    private CacheLock(FileStream file) => this.file = file;

    /// <param name="path">The file to be fetched.</param>
    /// <param name="waiting">Called once when another one holds the lock.</param>
    /// <param name="cancel">Ends the waiting.</param>
    internal static async Task<CacheLock> TakeAsync(string path, Action waiting, CancellationToken cancel)
    {
        for (var told = false; ; told = true)
        {
            try
            {
                // It stays when it is closed: were it deleted, two that come later could each lock a file of that name.
                return new(new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
            }
            catch (UnauthorizedAccessException error)
            {
                throw new CourseException($"The cache {Path.GetDirectoryName(path)} cannot be written: set {Folders.CacheVariable} to a folder of your own.", error);
            }
            catch (IOException) when (File.Exists(path + ".lock"))
            {
                if (!told) waiting();
                await Task.Delay(Pause, cancel);
            }
        }
    }

    public void Dispose() => file.Dispose();
}
