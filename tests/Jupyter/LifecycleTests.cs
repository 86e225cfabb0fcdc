using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace ImageGen.Tests.Jupyter;

/// <summary>How kernels start and end: well, badly, and never as an orphan.</summary>
public sealed class LifecycleTests
{
    [Theory]
    [InlineData(null, "cannot be read")]
    [InlineData("not json", "is wrong")]
    [InlineData("{}", "is wrong")]
    [InlineData("null", "it is empty")]
    [InlineData("{\"transport\": \"ipc\"}", "its transport is 'ipc'")]
    [InlineData("{\"signature_scheme\": \"hmac-md5\"}", "hmac-sha256")]
    [InlineData("{\"iopub_port\": 70000}", "its iopub_port is 70000")]
    public void A_wrong_connection_file_ends_the_kernel_with_one_line(string? text, string expected)
    {
        using var folder = new TemporaryFolder();
        if (text is not null)
        {
            var json = new JsonObject
            {
                ["transport"] = "tcp", ["ip"] = "127.0.0.1", ["key"] = "k", ["signature_scheme"] = "hmac-sha256",
                ["shell_port"] = 1, ["iopub_port"] = 2, ["stdin_port"] = 3, ["control_port"] = 4, ["hb_port"] = 5,
            };
            // An object with one entry changes that entry of a right file; every other text is the file.
            if (text.StartsWith("{\"", StringComparison.Ordinal))
                foreach (var (name, value) in JsonNode.Parse(text)!.AsObject()) json[name] = value?.DeepClone();
            File.WriteAllText(folder["kernel.json"], text.StartsWith("{\"", StringComparison.Ordinal) ? json.ToJsonString() : text);
        }
        var error = Assert.Throws<ImageGen.Kernel.NotebookException>(() => ImageGen.Kernel.Jupyter.ConnectionFile.Read(folder["kernel.json"]));
        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_port_in_use_ends_the_kernel_with_its_number()
    {
        using var folder = new TemporaryFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        File.WriteAllText(folder["kernel.json"], new JsonObject
        {
            ["transport"] = "tcp", ["ip"] = "127.0.0.1", ["key"] = "k", ["signature_scheme"] = "hmac-sha256",
            ["shell_port"] = port, ["iopub_port"] = port, ["stdin_port"] = port, ["control_port"] = port, ["hb_port"] = port,
        }.ToJsonString());
        var log = new List<string>();
        using var kernel = KernelStart.Kernel(folder["kernel.json"], folder.Path, null, line => { lock (log) log.Add(line); });
        Assert.True(kernel.WaitForExit(KernelClient.Ample));
        kernel.WaitForExit();
        Assert.Equal(1, kernel.ExitCode);
        Assert.Contains($"Port {port} (shell_port) is already in use", Assert.Single(log));
    }

    [Fact]
    public void Shutdown_is_answered_and_leaves_no_process_though_a_cell_never_ends()
    {
        using var kernel = new KernelClient();
        var id = kernel.SendShell("execute_request", new JsonObject { ["code"] = "var t = new System.Threading.Thread(() => { while (true) { } }); t.Start(); while (true) { }" });
        kernel.WaitFor(m => m.ParentId == id && m.Type == "execute_input");
        var reply = kernel.Command("shutdown_request", new JsonObject { ["restart"] = true }).Reply;
        Assert.Equal(("ok", true), ((string?)reply["status"], (bool?)reply["restart"]));
        Assert.True(kernel.Process.WaitForExit(KernelClient.Ample));
        Assert.Equal(0, kernel.Process.ExitCode);
    }

    [Fact]
    public void A_kernel_whose_client_is_gone_ends_by_itself()
    {
        using var client = Process.Start(new ProcessStartInfo("sleep", ["600"]))!;
        using var kernel = new KernelClient(new Dictionary<string, string> { ["JPY_PARENT_PID"] = $"{client.Id}" });
        client.Kill();
        client.WaitForExit();
        Assert.True(kernel.Process.WaitForExit(KernelClient.Ample));
        Assert.Contains("is gone", kernel.Log);
    }

    [Fact]
    public void Environment_Exit_ends_the_kernel_with_an_explanation_in_the_cell()
    {
        using var kernel = new KernelClient();
        var answer = kernel.Execute("Console.WriteLine(\"before\"); Environment.Exit(3);");
        Assert.Equal("before\n", answer.Stdout);
        Assert.Contains("Environment.Exit", (string?)answer.Content("error")["evalue"]);
        Assert.Equal("error", (string?)answer.Reply["status"]);
        Assert.True(kernel.Process.WaitForExit(KernelClient.Ample));
    }

    [Fact]
    public void After_a_crash_the_next_kernel_says_what_happened()
    {
        using var kernel = new KernelClient();
        kernel.Execute("int Deep(int n) => n == 0 ? 0 : 1 + Deep(n - 1);");
        kernel.SendShell("execute_request", new JsonObject { ["code"] = "Deep(int.MaxValue)" });
        Assert.True(kernel.Process.WaitForExit(KernelClient.Ample), "a stack overflow must end the process, not hang it");
        kernel.StartAgain();
        var answer = kernel.Execute("1 + 1");
        Assert.Contains("The kernel died in cell [2]", answer.Stderr);
        Assert.Equal("2", (string?)answer.Content("execute_result")["data"]!["text/plain"]);
        Assert.Empty(kernel.Execute("1 + 1").Stderr);
        Assert.Contains("The kernel died in cell [2]", kernel.Log);
    }

    [Fact]
    public void Two_kernels_do_not_know_of_each_other()
    {
        using KernelClient one = new(), two = new();
        one.Execute("var mine = 1;");
        Assert.Contains("CS0103", (string?)two.Execute("mine").Content("error")["evalue"]);
        two.Execute("var mine = 2;");
        Assert.Equal("1", (string?)one.Execute("mine").Content("execute_result")["data"]!["text/plain"]);
    }
}
