using ImageGen.Painters;
using ImageGen.Runtime;

// dotnet run --project data/drawing -- FOLDER [NAME …]: draws the course's own pictures again, all when none is named.
if (args is not [var folder, .. var names])
{
    Console.Error.WriteLine("drawing: name the folder to draw into, then the pictures; all are drawn when none is named");
    return 2;
}
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
try
{
    DrawnPictures.DrawAll(folder, names, new Lines(), stop.Token);
    return 0;
}
catch (CourseException error)
{
    Console.Error.WriteLine($"course: {error.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("course: stopped; what is finished stays");
    return 130;
}

internal sealed class Lines : IProgress<DrawingProgress>
{
    public void Report(DrawingProgress done) =>
        Console.WriteLine($"{done.Done}/{done.Total} {done.Picture.Title} ({done.Elapsed.TotalSeconds:0} s): {done.File}");
}
