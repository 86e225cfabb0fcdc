using System.Text;
using System.Text.Json.Nodes;

namespace ImageGen.Tests.Jupyter;

/// <summary>What a kernel must survive: floods, giants, strays and broken messages.</summary>
public sealed class BadInputTests(SharedKernel shared) : IClassFixture<SharedKernel>
{
    private readonly KernelClient kernel = shared.Client;

    [Fact]
    public void A_flood_of_text_is_cut_with_a_notice_and_the_cell_goes_on()
    {
        var answer = kernel.Execute("for (var i = 0; i < 60_000; i++) Console.WriteLine(\"a line of text that fills the page \" + i);\n\"done\"");
        Assert.InRange(answer.Stdout.Length, 500_000, 530_000);
        Assert.Contains("is left out", answer.Stdout);
        Assert.True(answer.Published.Count < 60, $"{answer.Published.Count} messages for one flood");
        Assert.Equal("done", (string?)answer.Content("execute_result")["data"]!["text/plain"]);
    }

    [Fact]
    public void Text_that_ends_a_line_right_at_the_limit_is_cut_with_a_notice_too()
    {
        // The given case: line 89,232 ends with the last character that is kept.
        var answer = kernel.Execute("for (var i = 0; i < 200_000; i++) Console.WriteLine(i);\n\"ok\"");
        Assert.Contains("89232\n\n… the rest of this cell's text is left out", answer.Stdout);
        Assert.EndsWith("The cell goes on.\n", answer.Stdout);
        Assert.Equal("ok", (string?)answer.Content("execute_result")["data"]!["text/plain"]);
        var whole = kernel.Execute("Console.Write(new string('x', 512 * 1024));"); // nothing is lost, and nothing said
        Assert.DoesNotContain("left out", whole.Stdout);
    }

    [Fact]
    public void A_megabyte_a_second_leaves_the_client_alive()
    {
        var id = kernel.SendShell("execute_request", new JsonObject { ["code"] = "for (var i = 0; i < 30; i++) { for (var j = 0; j < 1000; j++) Console.WriteLine(new string('x', 99)); await Task.Delay(100); }\n\"done\"" });
        kernel.WaitFor(m => m.ParentId == id && m.Type == "stream");
        while (kernel.Seen(id) is { } last && last.Type != "status")
        {
            Assert.True(kernel.Beats([1]));
            Assert.Equal("complete", (string?)kernel.Ask("is_complete_request", new JsonObject { ["code"] = "1" }).Reply["status"]);
            Thread.Sleep(200);
        }
        var answer = kernel.CollectShell(id);
        Assert.InRange(answer.Stdout.Length, 500_000, 530_000);
        Assert.EndsWith("The cell goes on.\n", answer.Stdout);
        Assert.Equal("done", (string?)answer.Content("execute_result")["data"]!["text/plain"]);
    }

    [Theory]
    [InlineData("#r \"nuget: No.Such.Package.Anywhere, 1.2.3\"", "'No.Such.Package.Anywhere, 1.2.3' could not be restored")]
    [InlineData("#r \"absent.dll\"", "there is no such file")]
    [InlineData("#r \"words.dll\"", "not a .NET assembly")]
    [InlineData("#r \"picture.png\"", "not a .NET assembly")]
    public void A_reference_that_is_none_is_one_line_and_what_was_made_stays(string code, string expected)
    {
        // No source knows any package, so that nobody is asked over the network.
        kernel.Execute("""
            System.IO.File.WriteAllText("nuget.config", "<configuration><packageSources><clear /></packageSources></configuration>");
            System.IO.File.WriteAllText("words.dll", "These are words."); System.IO.File.WriteAllBytes("picture.png", [137, 80, 78, 71]);
            var kept = 4;
            """);
        var answer = kernel.Execute(code + "\nvar after = 1;");
        Assert.Equal(["busy", "execute_input", "error", "idle"], answer.Types);
        Assert.Equal(("error", "NotebookException"), ((string?)answer.Reply["status"], (string?)answer.Reply["ename"]));
        Assert.Contains(expected, (string?)answer.Reply["evalue"]);
        Assert.Single(answer.Reply["traceback"]!.AsArray());
        Assert.Equal("4", (string?)kernel.Execute("kept").Content("execute_result")["data"]!["text/plain"]);
    }

    [Fact]
    public void An_output_too_large_for_a_notebook_is_named_instead()
    {
        var answer = kernel.Execute("new string('A', 50_000_000).DisplayAs(\"image/png\");");
        var data = answer.Content("display_data")["data"]!.AsObject();
        Assert.Contains("too large", (string?)Assert.Single(data).Value);
    }

    [Fact]
    public void An_exception_on_a_thread_of_the_cells_own_does_not_end_the_kernel()
    {
        var answer = kernel.Execute("var t = new System.Threading.Thread(() => throw new Exception(\"astray\")); t.Start(); t.Join(); System.Threading.Thread.Sleep(100);");
        Assert.Equal("ok", (string?)answer.Reply["status"]);
        Assert.Equal("1", (string?)kernel.Execute("1").Content("execute_result")["data"]!["text/plain"]);
    }

    [Fact]
    public void Malformed_unsigned_and_replayed_messages_are_dropped_and_logged()
    {
        var random = new Random(5);
        var good = kernel.Frames("execute_request", new JsonObject { ["code"] = "var replays = 0;" }, out var id);
        kernel.SendFrames(good);
        kernel.CollectShell(id);
        kernel.Execute("replays = 10;");
        kernel.SendFrames(good); // would set it to 0 again
        for (var i = 0; i < 400; i++) kernel.SendFramesTo(i % 3 == 0, Malformed(random, i));
        Assert.Equal("10", (string?)kernel.Execute("replays").Content("execute_result")["data"]!["text/plain"]);
        Assert.Contains("received before", kernel.Log);
        Assert.Contains("signature is wrong", kernel.Log);
        Assert.Contains("not signed", kernel.Log);
        Assert.Contains("lacks frames", kernel.Log);
        Assert.Contains("is not JSON", kernel.Log);
        Assert.Contains("the content of execute_request is wrong", kernel.Log);
    }

    // Each kind of damage in turn, at random places.
    private byte[][] Malformed(Random random, int kind)
    {
        var frames = kernel.Frames("execute_request", new JsonObject { ["code"] = "replays = -1;" }, out _);
        byte[] Noise() { var noise = new byte[random.Next(0, 60)]; random.NextBytes(noise); return noise; }
        string Header() => kernel.Header("execute_request", out _);
        switch (kind % 12)
        {
            case 0: frames[1] = []; return frames;
            case 1: frames[1] = Encoding.ASCII.GetBytes(new string('0', 64)); return frames;
            case 2: return frames[..random.Next(1, frames.Length)];
            case 3: frames[random.Next(2, 6)] = Noise(); return frames;
            case 4: return [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => Noise())];
            case 5: return KernelClient.Signed(kernel.Key, Header(), "{}", "{}", "{\"code\": 5}");
            case 6: return KernelClient.Signed(kernel.Key, Header(), "{}", "{}", "{}");
            case 7: return KernelClient.Signed(kernel.Key, Header(), "{}", "{}", "[1, 2");
            case 8: return KernelClient.Signed(kernel.Key, "{\"msg_id\": \"x\"}", "{}", "{}", "{\"code\": \"replays = -1;\"}");
            case 9: return KernelClient.Signed(kernel.Key, "[]", "null", "5", "\"code\"");
            case 10: return KernelClient.Signed(kernel.Key, Header(), "{}", "{}", new string('[', 3000));
            default: return KernelClient.Signed(kernel.Key, kernel.Header("complete_request", out _), "{}", "{}", "{\"code\": \"x\", \"cursor_pos\": \"far\"}");
        }
    }
}
