using System.Text.Json;

namespace ImageGen.Kernel.Jupyter;

/// <summary>
/// Where the client listens for this kernel, and the key both sign with: the file that Jupyter passes on the command
/// line.
/// </summary>
internal sealed record ConnectionFile(
    string Transport, string Ip, int ShellPort, int IopubPort, int StdinPort, int ControlPort, int HbPort, string Key, string SignatureScheme)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="NotebookException">
    /// It is missing, is no connection file, or asks for what does not exist here.
    /// </exception>
    public static ConnectionFile Read(string path)
    {
        ConnectionFile? file;
        try { file = JsonSerializer.Deserialize<ConnectionFile>(File.ReadAllBytes(path), Format); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NotebookException($"The connection file {path} cannot be read ({error.Message}). Jupyter makes "
                + $"it: start the kernel from Jupyter.", error);
        }
        catch (JsonException error) { throw Wrong(path, FirstLine(error.Message)); }
        if (file is null) throw Wrong(path, "it is empty");
        if (file.Transport != "tcp")
            throw Wrong(path, $"its transport is '{file.Transport}', and this kernel speaks tcp");
        if (file.SignatureScheme != "hmac-sha256")
            throw Wrong(path, $"its signature_scheme is '{file.SignatureScheme}', and this kernel signs with "
                + $"hmac-sha256");
        foreach (var (name, port) in file.Ports())
            if (port is < 1 or > 65535) throw Wrong(path, $"its {name} is {port}, and ports go from 1 to 65535");
        return file;
    }

    /// <summary>An address to bind to.</summary>
    public string Address(int port) => $"tcp://{Ip}:{port}";

    /// <summary>The five ports by their names in the file.</summary>
    public IEnumerable<(string Name, int Port)> Ports() =>
        [("shell_port", ShellPort), ("iopub_port", IopubPort), ("stdin_port", StdinPort), ("control_port", ControlPort), ("hb_port", HbPort)];

    private static NotebookException Wrong(string path, string why) =>
        new($"The connection file {path} is wrong: {why}. Jupyter makes it: start the kernel from Jupyter.");

    private static string FirstLine(string text) => text.ReplaceLineEndings("\n").Split('\n')[0].TrimEnd('.');
}
