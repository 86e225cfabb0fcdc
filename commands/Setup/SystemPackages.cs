using System.Diagnostics;
using ImageGen.Runtime;

namespace ImageGen.Course.Setup;

/// <summary>Installs programs from the system's own packages (Debian, Ubuntu), where this process may.</summary>
internal static class SystemPackages
{
    /// <summary>Whether this process may install packages: it is root on a system with apt.</summary>
    public static bool MayInstall => Environment.UserName == "root" && File.Exists("/usr/bin/apt-get");

    /// <summary>Finds a program, and installs the packages that bring it when it is missing.</summary>
    /// <param name="find">Looks for it; null when it is not there.</param>
    /// <param name="what">The program's name, for the error.</param>
    /// <param name="packages">Debian's packages.</param>
    /// <returns>What <paramref name="find"/> found.</returns>
    /// <exception cref="CourseException">
    /// It is missing and may not be installed, or installing failed; the message says what to install.
    /// </exception>
    public static string Ensure(Func<string?> find, string what, params string[] packages)
    {
        if (find() is { } found) return found;
        var advice = $"on Debian or Ubuntu: sudo apt-get install {string.Join(' ', packages)}";
        if (!MayInstall)
            throw new CourseException($"{what} is missing. Install it ({advice}; elsewhere: conda env create -f "
                + $"environment.yml) and try again.");
        Console.Error.WriteLine($"Installing {string.Join(", ", packages)} …");
        // The package lists of a container are often empty or old.
        if (!Apt(["install", .. packages]) && !(Apt(["update"]) && Apt(["install", .. packages])))
            throw new CourseException($"{what} is missing and could not be installed. Check the network, or install "
                + $"it by hand ({advice}).");
        return find() ?? throw new CourseException($"{what} is missing even after installing "
            + $"{string.Join(", ", packages)}.");
    }

    private static bool Apt(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(
            "/usr/bin/apt-get", ["-o", "DPkg::Lock::Timeout=600", "-y", "-qq", "--no-install-recommends", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            Environment = { ["DEBIAN_FRONTEND"] = "noninteractive" },
        };
        using var apt = Process.Start(start)!;
        apt.StandardInput.Close();
        var said = apt.StandardOutput.ReadToEndAsync();
        apt.StandardError.ReadToEnd();
        said.Wait();
        apt.WaitForExit();
        return apt.ExitCode == 0;
    }
}
