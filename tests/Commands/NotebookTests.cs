using System.Text.Json.Nodes;
using ImageGen.Course.Notebooks;
using ImageGen.Kernel.Engine;
using ImageGen.Kernel.Outputs;

namespace ImageGen.Tests.Commands;

/// <summary>The file format, against what Jupyter's own nbformat writes.</summary>
public sealed class NotebookTests
{
    // Written by nbformat 5.5 (nbformat.writes) for a notebook with a text cell, a code cell and three outputs.
    private const string Jupyters = """
        {
         "cells": [
          {
           "cell_type": "markdown",
           "id": "28f76783",
           "metadata": {},
           "source": [
            "# a\n",
            "b \u00fc \ud83d\ude00 \"q\" \\"
           ]
          },
          {
           "cell_type": "code",
           "execution_count": 1,
           "id": "fae2e519",
           "metadata": {},
           "outputs": [
            {
             "data": {
              "application/json": {
               "a": [],
               "b": 1.5
              },
              "image/png": "iVBOR\n",
              "text/plain": [
               "a\n",
               "b"
              ]
             },
             "metadata": {},
             "output_type": "display_data"
            },
            {
             "name": "stdout",
             "output_type": "stream",
             "text": [
              "x\n",
              "y\n"
             ]
            }
           ],
           "source": [
            "1+1\n",
            "2"
           ]
          }
         ],
         "metadata": {
          "extra": {
           "kept": true
          },
          "kernelspec": {
           "display_name": ".NET (C#)",
           "language": "C#",
           "name": ".net-csharp"
          },
          "language_info": {
           "file_extension": ".cs",
           "mimetype": "text/x-csharp",
           "name": "C#",
           "pygments_lexer": "csharp"
          }
         },
         "nbformat": 4,
         "nbformat_minor": 5
        }

        """;

    private static string Expected => Jupyters.ReplaceLineEndings("\n").Replace(@"\u00fc", "ü").Replace(@"\ud83d\ude00", "😀");

    [Fact]
    public void A_notebook_is_written_as_jupyter_writes_it() => Assert.Equal(Expected, Notebook.Parse(Expected, "x.ipynb").ToString());

    [Fact]
    public void Escapes_and_key_order_of_a_file_do_not_matter()
    {
        var shuffled = JsonNode.Parse(Expected)!.AsObject();
        var cells = shuffled["cells"];
        shuffled.Remove("cells");
        shuffled["cells"] = cells;
        Assert.Equal(Expected, Notebook.Parse(shuffled.ToJsonString(), "x.ipynb").ToString());
    }

    [Fact]
    public void Ids_kernel_and_language_are_given_to_a_notebook_without_them_and_the_rest_is_kept()
    {
        var notebook = Notebook.Parse("""
            {"nbformat": 4, "nbformat_minor": 2, "metadata": {"title": "kept"}, "cells": [
              {"cell_type": "markdown", "source": "# The title\ntext", "metadata": {}},
              {"cell_type": "code", "source": ["a\n", "b"], "metadata": {"tags": ["t"]}},
              {"cell_type": "raw", "source": "", "metadata": {}, "id": "cell-04"},
              {"cell_type": "code", "source": "c", "metadata": {}}]}
            """, "x.ipynb");
        Assert.Equal("The title", notebook.Title);
        Assert.Equal("kept", (string?)notebook.Metadata["title"]);
        Assert.Equal(".net-csharp", (string?)notebook.Metadata["kernelspec"]?["name"]);
        Assert.Equal("C#", (string?)notebook.Metadata["language_info"]?["name"]);
        Assert.Equal(["cell-01", "cell-02", "cell-04", "cell-04-2"], notebook.Cells.Select(cell => cell.Id));
        Assert.Equal("a\nb", notebook.CodeCells.First().Source);
        Assert.Equal("t", (string?)notebook.CodeCells.First().Metadata["tags"]?[0]);
        Assert.Contains("\"nbformat_minor\": 5", notebook.ToString());
        Assert.Contains("\"execution_count\": null", notebook.ToString());
    }

    [Fact]
    public void Streams_join_updates_find_their_display_and_carriage_returns_settle()
    {
        var notebook = Notebook.Parse("""{"nbformat": 4, "cells": [{"cell_type": "code", "source": ""}, {"cell_type": "code", "source": ""}]}""", "x");
        var (first, second) = (notebook.Cells[0], notebook.Cells[1]);
        var outputs = new NotebookOutputs();
        outputs.Add(first, new StreamOutput(false, "step 1\r"));
        outputs.Add(first, new StreamOutput(false, "step 2\rstep 3\nend\n"));
        outputs.Add(first, new StreamOutput(true, "bad"));
        outputs.Add(first, new DisplayOutput("d", MimeBundle.Raw("old", "text/plain")));
        outputs.Add(second, new UpdateDisplay("d", MimeBundle.Raw("new", "text/plain")));
        outputs.Add(second, new UpdateDisplay("unknown", MimeBundle.Raw("x", "text/plain")));
        Assert.Equal("step 3\nend\n", NotebookCell.Text(first.Outputs[0]!["text"]));
        Assert.Equal("stderr", (string?)first.Outputs[1]!["name"]);
        Assert.Equal("new", NotebookCell.Text(first.Outputs[2]!["data"]!["text/plain"]));
        Assert.Empty(second.Outputs);
    }

    [Fact]
    public void Endless_text_is_cut_with_a_notice()
    {
        var cell = Notebook.Parse("""{"nbformat": 4, "cells": [{"cell_type": "code", "source": ""}]}""", "x").Cells[0];
        var outputs = new NotebookOutputs();
        for (var i = 0; i < 40; i++) outputs.Add(cell, new StreamOutput(false, new string('x', 50_000) + "\n"));
        var text = NotebookCell.Text(Assert.Single(cell.Outputs)!["text"]);
        Assert.InRange(text.Length, 500_000, 700_000);
        Assert.EndsWith("too long for a notebook.\n", text);
    }
}
