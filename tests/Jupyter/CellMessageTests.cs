using System.Text.Json.Nodes;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests.Jupyter;

/// <summary>What a cell puts out, as messages: outputs, results, errors, advice.</summary>
public sealed class CellMessageTests(SharedKernel shared) : IClassFixture<SharedKernel>
{
    private readonly KernelClient kernel = shared.Client;

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
}
