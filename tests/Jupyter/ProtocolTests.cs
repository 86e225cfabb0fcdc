using System.Text.Json.Nodes;

namespace ImageGen.Tests.Jupyter;

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
}
