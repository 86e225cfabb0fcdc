using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImageGen.Tests.Jupyter;

namespace ImageGen.Tests.Commands;

/// <summary><c>course lab</c> with the Jupyter that this machine has.</summary>
public sealed partial class LabTests
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Lab_opens_the_course_on_this_machine_alone_with_a_token_and_ends_with_Ctrl_C()
    {
        using var jupyter = new RealJupyter(); // There is one, installed if need be.
        var port = KernelStart.FreePorts(1)[0];
        var start = Dotnet.With(typeof(ImageGen.Course.Running.LessonRunner).Assembly.Location, "lab", "--no-browser", "--port", $"{port}");
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        using var lab = Process.Start(start)!;
        var token = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        DataReceivedEventHandler said = (_, line) => { if (Address().Match(line.Data ?? "") is { Success: true } address) token.TrySetResult(address.Groups[1].Value); };
        lab.ErrorDataReceived += said;
        lab.OutputDataReceived += said;
        lab.BeginErrorReadLine();
        lab.BeginOutputReadLine();
        try
        {
            var secret = await token.Task.WaitAsync(Ample, TestContext.Current.CancellationToken);
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/kernelspecs", TestContext.Current.CancellationToken)).StatusCode);
            client.DefaultRequestHeaders.Add("Authorization", $"token {secret}");
            var specs = JsonNode.Parse(await client.GetStringAsync("/api/kernelspecs", TestContext.Current.CancellationToken))!["kernelspecs"]!.AsObject();
            Assert.Equal(".NET (C#)", (string?)specs[".net-csharp"]!["spec"]!["display_name"]);
            var lesson = JsonNode.Parse(await client.GetStringAsync("/api/contents/notebooks/00-start-here.ipynb?content=0", TestContext.Current.CancellationToken))!;
            Assert.Equal("notebook", (string?)lesson["type"]);
            var others = (await Dns.GetHostAddressesAsync(Dns.GetHostName(), TestContext.Current.CancellationToken)).Where(address => !IPAddress.IsLoopback(address));
            foreach (var address in others) await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new UriBuilder("http", $"{address}", port).Uri, TestContext.Current.CancellationToken));

            using (var interrupt = Process.Start("kill", ["-INT", $"{lab.Id}"])) await interrupt.WaitForExitAsync(TestContext.Current.CancellationToken);
            await lab.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Ample, TestContext.Current.CancellationToken);
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/api", TestContext.Current.CancellationToken));
        }
        finally
        {
            if (!lab.HasExited) lab.Kill(entireProcessTree: true);
        }
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/\S*token=([0-9a-f]+)")]
    private static partial Regex Address();
}
