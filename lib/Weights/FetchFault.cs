namespace ImageGen.Weights;

/// <summary>One address did not give the file; its message is a part of the line that a student sees.</summary>
internal class FetchFault(string message) : Exception(message);

/// <summary>A fault that another try may not meet.</summary>
internal sealed class PassingFault(string message, TimeSpan? retryAfter = null) : FetchFault(message)
{
    /// <summary>How long the server asks to wait.</summary>
    internal TimeSpan? RetryAfter => retryAfter;
}
