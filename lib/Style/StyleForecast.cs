using System.Globalization;

namespace ImageGen.Style;

/// <summary>What a style transfer will take, said before it starts.</summary>
/// <param name="Seconds">Time on this machine as busy as it is now.</param>
/// <param name="Gigabytes">Memory beside the program and the network.</param>
/// <param name="Pieces">In how many pieces the picture is taken at its full size; 1 means whole.</param>
/// <param name="Width">The result's width in pixels.</param>
/// <param name="Height">Its height.</param>
public sealed record StyleForecast(double Seconds, double Gigabytes, int Pieces, int Width, int Height)
{
    /// <summary>For example <c>1024×768 takes about 14 minutes and 1.8 GB, in 4 pieces</c>.</summary>
    public override string ToString()
    {
        var time = Seconds < 90 ? $"{Math.Ceiling(Seconds):0} seconds" : Seconds < 5400 ? $"{Seconds / 60:0} minutes" : $"{(Seconds / 3600).ToString("0.0", CultureInfo.InvariantCulture)} hours";
        return string.Create(CultureInfo.InvariantCulture, $"{Width}×{Height} takes about {time} and {Gigabytes:0.0} GB, {(Pieces == 1 ? "whole" : $"in {Pieces} pieces")}");
    }
}
