using System.Text.Json.Nodes;

namespace ImageGen.Kernel.Jupyter;

/// <summary>Asks the student for a line of text and waits for it.</summary>
internal sealed class InputChannel(Publisher publisher)
{
    private readonly Lock oneQuestion = new();
    private volatile TaskCompletionSource<string>? waiting;

    /// <summary>Asks the client that sent <paramref name="request"/>.</summary>
    /// <exception cref="OperationCanceledException">The student interrupted the cell instead.</exception>
    public string Ask(Request request, string prompt, bool isPassword, CancellationToken cancellationToken)
    {
        lock (oneQuestion)
        {
            var answer = waiting = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                publisher.Ask(
                    request, Channel.Stdin, "input_request",
                    new JsonObject { ["prompt"] = prompt, ["password"] = isPassword });
                answer.Task.Wait(cancellationToken);
                return answer.Task.Result;
            }
            finally { waiting = null; }
        }
    }

    /// <summary>Takes an answer. One that nobody waits for is dropped.</summary>
    public void Answer(Request reply)
    {
        var value = Contents.Of<InputContent>(reply).Value;
        if (waiting?.TrySetResult(value) != true)
            KernelLog.Write("An input_reply was dropped: no cell asked for input.");
    }
}
