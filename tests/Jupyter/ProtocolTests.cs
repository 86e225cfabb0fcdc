using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace ImageGen.Tests.Jupyter;

/// <summary>One kernel for the tests that leave it as it was.</summary>
public sealed class SharedKernel : IDisposable
{
    public KernelClient Client { get; } = new();

    public void Dispose() => Client.Dispose();
}

/// <summary>Messages of a real kernel process, one by one.</summary>
public sealed class ProtocolTests(SharedKernel shared) : IClassFixture<SharedKernel>
{
    private readonly KernelClient kernel = shared.Client;

    [Fact]
    public void Kernel_info_names_the_language_and_a_protocol_of_5_3_or_later()
    {
        var reply = kernel.Ask("kernel_info_request", []).Reply;
        Assert.Equal("ok", (string?)reply["status"]);
        Assert.True(Version.Parse((string)reply["protocol_version"]!) >= new Version(5, 3));
        var language = reply["language_info"]!;
        Assert.Equal(("C#", ".cs", "text/x-csharp", "csharp"),
            ((string)language["name"]!, (string)language["file_extension"]!, (string)language["mimetype"]!, (string)language["pygments_lexer"]!));
    }

    [Fact]
    public void A_cell_goes_busy_input_outputs_result_idle_all_with_its_parent()
    {
        var answer = kernel.Execute("Console.WriteLine(\"hé 😀\"); display(\"shown\"); 6 * 7");
        Assert.Equal(["busy", "execute_input", "stream", "display_data", "execute_result", "idle"], answer.Types);
        Assert.Equal("hé 😀\n", answer.Stdout);
        Assert.Equal("42", (string?)answer.Content("execute_result")["data"]!["text/plain"]);
        Assert.Equal("ok", (string?)answer.Reply["status"]);
        Assert.Equal((int?)answer.Reply["execution_count"], (int?)answer.Content("execute_input")["execution_count"]);
        Assert.Equal((int?)answer.Reply["execution_count"], (int?)answer.Content("execute_result")["execution_count"]);
    }

    [Fact]
    public void A_semicolon_silences_the_value_and_state_stays()
    {
        Assert.DoesNotContain("execute_result", kernel.Execute("var kept = 20; Math.Max(kept, 1);").Types);
        Assert.Equal("21", (string?)kernel.Execute("kept + 1").Content("execute_result")["data"]!["text/plain"]);
    }

    [Fact]
    public void An_update_names_the_display_it_changes()
    {
        var answer = kernel.Execute("var shown = display(\"a\"); shown.Update(\"b\");");
        var (first, second) = (answer.Content("display_data"), answer.Content("update_display_data"));
        Assert.Equal("a", (string?)first["data"]!["text/plain"]);
        Assert.Equal("b", (string?)second["data"]!["text/plain"]);
        Assert.Equal((string?)first["transient"]!["display_id"], (string?)second["transient"]!["display_id"]);
        // From a later cell, for a display of an earlier one.
        var later = kernel.Execute("shown.Update(\"c\");");
        Assert.Equal((string?)first["transient"]!["display_id"], (string?)kernelMessage(later)["transient"]!["display_id"]);

        JsonObject kernelMessage(Answer a) => a.Published.FirstOrDefault(m => m.Type == "update_display_data")?.Content
            ?? kernel.WaitFor(m => m.Type == "update_display_data" && (string?)m.Content["data"]!["text/plain"] == "c").Content;
    }

    [Fact]
    public void Outputs_can_be_cleared()
    {
        var answer = kernel.Execute("Console.WriteLine(1); KernelInvocationContext.Current.ClearOutput(true); Console.WriteLine(2);");
        Assert.Equal(["busy", "execute_input", "stream", "clear_output", "stream", "idle"], answer.Types);
        Assert.True((bool?)answer.Content("clear_output")["wait"]);
    }

    [Fact]
    public void An_error_shows_its_line_in_the_output_and_in_the_reply()
    {
        var answer = kernel.Execute("var a = 1;\nvar b = a.Lenght;");
        Assert.Equal(["busy", "execute_input", "error", "idle"], answer.Types);
        var error = answer.Content("error");
        Assert.Contains("CS1061", (string?)error["evalue"]);
        var traceback = string.Join('\n', error["traceback"]!.AsArray().Select(line => (string?)line));
        Assert.Contains("line 2:", traceback);
        Assert.Contains("a.Lenght", traceback);
        Assert.Equal("error", (string?)answer.Reply["status"]);
        Assert.Equal((string?)error["ename"], (string?)answer.Reply["ename"]);
    }

    [Theory]
    [InlineData("import numpy as np", true)]
    [InlineData("def f(x):\n    return x", true)]
    [InlineData("print(1)", true)]
    [InlineData("var x = undefined;", false)]
    public void A_cell_of_Python_is_recognized(string code, bool isPython)
    {
        var answer = kernel.Execute(code);
        Assert.Equal("error", (string?)answer.Reply["status"]);
        Assert.Equal(isPython, answer.Stderr.Contains("looks like Python"));
    }

    [Fact]
    public void A_warning_teaches_and_a_harmless_one_is_not_shown()
    {
        var taught = kernel.Execute("var soon = Task.Delay(1);\nTask.Delay(1);");
        Assert.Contains("warning CS4014", taught.Stderr);
        Assert.Contains("line 2: Task.Delay(1);", taught.Stderr);
        Assert.Empty(kernel.Execute("string? maybe = null; int Unused() { int never; return 1; }").Stderr);
    }

    [Fact]
    public void After_an_error_cells_already_sent_are_aborted_unless_asked_otherwise()
    {
        var failing = kernel.SendShell("execute_request", new JsonObject { ["code"] = "throw new Exception(\"no\");" });
        var next = kernel.SendShell("execute_request", new JsonObject { ["code"] = "var neverSet = 1;" });
        Assert.Equal("error", (string?)kernel.CollectShell(failing).Reply["status"]);
        var aborted = kernel.CollectShell(next);
        Assert.Equal("aborted", (string?)aborted.Reply["status"]);
        Assert.Equal(["busy", "idle"], aborted.Types);
        // What is sent once the error is known runs.
        Assert.Equal("ok", (string?)kernel.Execute("1").Reply["status"]);

        failing = kernel.SendShell("execute_request", new JsonObject { ["code"] = "throw new Exception(\"no\");", ["stop_on_error"] = false });
        next = kernel.SendShell("execute_request", new JsonObject { ["code"] = "1" });
        kernel.CollectShell(failing);
        Assert.Equal("ok", (string?)kernel.CollectShell(next).Reply["status"]);
    }

    [Fact]
    public void A_silent_cell_runs_without_a_word_or_a_number()
    {
        var before = (int)kernel.Execute("var quiet = 0;").Reply["execution_count"]!;
        var silent = kernel.Execute("quiet = 5; Console.WriteLine(\"x\"); quiet", more: new JsonObject { ["silent"] = true });
        Assert.Equal(["busy", "idle"], silent.Types);
        var unstored = kernel.Execute("quiet", more: new JsonObject { ["store_history"] = false });
        Assert.Equal("5", (string?)unstored.Content("execute_result")["data"]!["text/plain"]);
        Assert.Equal(before + 1, (int?)kernel.Execute("1;").Reply["execution_count"]);
    }

    [Fact]
    public void User_expressions_are_evaluated_after_the_cell()
    {
        var reply = kernel.Execute("var five = 5;", more: new JsonObject { ["user_expressions"] = new JsonObject { ["good"] = "five * 2", ["bad"] = "nothing" } }).Reply;
        Assert.Equal("10", (string?)reply["user_expressions"]!["good"]!["data"]!["text/plain"]);
        Assert.Equal("error", (string?)reply["user_expressions"]!["bad"]!["status"]);
    }

    [Fact]
    public void ReadLine_asks_the_student()
    {
        var answer = kernel.Execute("Console.Write(\"Name? \"); var name = Console.ReadLine(); name.ToUpper()", allowStdin: true, whileRunning: () =>
        {
            var asked = kernel.ReceiveInputRequest();
            Assert.Equal("input_request", asked.Type);
            Assert.False((bool?)asked.Content["password"]);
            kernel.SendInput("ada");
        });
        Assert.Equal("Name? ", answer.Stdout);
        Assert.Equal("ADA", (string?)answer.Content("execute_result")["data"]!["text/plain"]);
    }

    [Fact]
    public void ReadLine_ends_at_once_where_nobody_can_answer() =>
        Assert.Equal("True", (string?)kernel.Execute("Console.ReadLine() is null").Content("execute_result")["data"]!["text/plain"]);

    [Theory]
    [InlineData("var x = 1;", "complete")]
    [InlineData("1 + 1", "complete")]
    [InlineData("#!markdown", "complete")]
    [InlineData("for (var i = 0; i < 3; i++) {", "incomplete")]
    [InlineData("var x = 1 + ", "incomplete")]
    [InlineData("var x = 1 +) 2;", "invalid")]
    public void Is_complete(string code, string status) =>
        Assert.Equal(status, (string?)kernel.Ask("is_complete_request", new JsonObject { ["code"] = code }).Reply["status"]);

    [Fact]
    public void History_has_what_was_run()
    {
        kernel.Execute("var historic = 1;");
        kernel.Execute("var historical = 2;");
        var tail = kernel.Ask("history_request", new JsonObject { ["hist_access_type"] = "tail", ["n"] = 1, ["output"] = false, ["raw"] = true }).Reply;
        Assert.Equal("var historical = 2;", (string?)tail["history"]![0]![2]);
        var search = kernel.Ask("history_request", new JsonObject { ["hist_access_type"] = "search", ["pattern"] = "*historic *", ["output"] = false, ["raw"] = true }).Reply;
        Assert.Equal("var historic = 1;", (string?)Assert.Single(search["history"]!.AsArray())![2]);
    }

    [Fact]
    public void Comms_are_closed_and_none_are_listed()
    {
        Assert.Empty(kernel.Ask("comm_info_request", []).Reply["comms"]!.AsObject());
        kernel.SendShell("comm_open", new JsonObject { ["comm_id"] = "widget", ["target_name"] = "jupyter.widget", ["data"] = new JsonObject() });
        kernel.WaitFor(m => m.Type == "comm_close" && (string?)m.Content["comm_id"] == "widget");
    }

    [Fact]
    public void The_heart_beats_also_while_a_cell_computes() =>
        kernel.Execute("System.Threading.Thread.Sleep(500);", whileRunning: () =>
        {
            Assert.True(kernel.Beats([1, 2, 3]));
            Assert.True(kernel.Beats([]));
        });

    [Fact]
    public void Questions_are_answered_while_a_cell_runs_and_the_last_status_stays_busy()
    {
        var cell = kernel.SendShell("execute_request", new JsonObject { ["code"] = "await Task.Delay(1500);" });
        kernel.WaitFor(m => m.ParentId == cell && m.Type == "execute_input");
        var answer = kernel.Ask("is_complete_request", new JsonObject { ["code"] = "1" });
        Assert.Equal(["busy", "idle"], answer.Types);
        var states = kernel.CollectShell(cell).Types.ToArray();
        Assert.Equal(["busy", "execute_input", "busy", "idle"], states);
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("await Task.Delay(-1);")]
    [InlineData("Console.ReadLine();")]
    public void Interrupt_ends_a_cell_and_keeps_what_was_made(string code)
    {
        kernel.Execute("var before = 3;");
        var id = kernel.SendShell("execute_request", new JsonObject { ["code"] = code, ["allow_stdin"] = true });
        kernel.WaitFor(m => m.ParentId == id && m.Type == "execute_input");
        Thread.Sleep(300);
        Assert.Equal("ok", (string?)kernel.Command("interrupt_request", []).Reply["status"]);
        var answer = kernel.CollectShell(id);
        Assert.Equal("error", (string?)answer.Reply["status"]);
        Assert.Equal("Interrupted", (string?)answer.Content("error")["ename"]);
        Assert.Equal("3", (string?)kernel.Execute("before").Content("execute_result")["data"]!["text/plain"]);
    }

    [Fact]
    public void A_training_loop_sees_the_interrupt_and_ends_with_what_it_has()
    {
        kernel.Execute($"#r \"{typeof(Runtime.CellScope).Assembly.Location}\"");
        var id = kernel.SendShell("execute_request", new JsonObject
        {
            ["code"] = "var stop = ImageGen.Runtime.CellScope.Token; var steps = 0; Console.WriteLine(\"on\"); while (!stop.IsCancellationRequested) { System.Threading.Thread.Sleep(20); steps++; }\nsteps > 0",
        });
        kernel.WaitFor(m => m.ParentId == id && m.Type == "stream");
        if (!OperatingSystem.IsWindows()) Process.Start("kill", ["-INT", $"{kernel.Process.Id}"]).WaitForExit();
        else kernel.Command("interrupt_request", []);
        var answer = kernel.CollectShell(id);
        Assert.True((string?)answer.Reply["status"] == "ok", answer.Reply.ToJsonString());
        Assert.Equal("True", (string?)answer.Content("execute_result")["data"]!["text/plain"]);
    }

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
