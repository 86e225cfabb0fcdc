using System.Globalization;
using ImageGen.Imaging;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Display;

/// <summary>
/// How a notebook shows a tensor: an image as a picture, a batch of images as a grid, anything else as a card with its
/// shape, type, range and first values. The card is drawn, because a type's MIME types are fixed before its values are
/// seen, and a picture must not come as text/html.
/// </summary>
internal static class TensorDisplay
{
    private const int SmallestSide = 8, MostPictures = 64, MostRows = 6, MostColumns = 8;

    /// <summary>The bytes of a PNG file that shows the tensor.</summary>
    public static byte[] ToPng(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        if (!LooksLikePictures(tensor)) return Card(tensor).ToPng();
        if (tensor.shape is not [> 1, _, _, _]) return Picture.FromTensor(tensor).ToPng();
        var shown = tensor.narrow(0, 0, Math.Min(MostPictures, tensor.shape[0]));
        var zoom = (int)Math.Clamp(96 / Math.Max(tensor.shape[2], tensor.shape[3]), 1, 4);
        return Grid.Of(shown, columns: (int)Math.Min(8, shown.shape[0]), zoom: zoom).ToPng();
    }

    /// <summary>The tensor's facts in one line, and its first values.</summary>
    public static string ToText(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var text = Facts(tensor) + Range(tensor);
        if (LooksLikePictures(tensor) || tensor.numel() == 0) return text;
        var rows = FirstValues(tensor);
        var width = rows.SelectMany(row => row).Max(value => value.Length);
        return text + "\n" + string.Join('\n', rows.Select(row => string.Join("  ", row.Select(value => value.PadLeft(width)))));
    }

    private static bool LooksLikePictures(Tensor tensor)
    {
        if (!tensor.is_floating_point() || tensor.shape is not ([1 or 3, >= SmallestSide, >= SmallestSide] or [> 0, 1 or 3, >= SmallestSide, >= SmallestSide]))
            return false;
        const double rounding = 1e-3;
        var (low, high) = (tensor.min().to(ScalarType.Float64).item<double>(), tensor.max().to(ScalarType.Float64).item<double>());
        return low >= -rounding && high <= 1 + rounding; // false where there is a NaN
    }

    private static string Facts(Tensor tensor) =>
        $"Tensor [{string.Join(", ", tensor.shape)}] {Name(tensor.dtype)}{(tensor.device_type == DeviceType.CPU ? "" : $" on {tensor.device}")}";

    private static string Range(Tensor tensor)
    {
        if (tensor.numel() == 0) return "  empty";
        if (tensor.is_complex() || tensor.numel() == 1) return "";
        var values = tensor.to(ScalarType.Float64);
        var finite = values.isfinite();
        var strange = tensor.numel() - finite.sum().item<long>();
        if (strange == tensor.numel()) return $"  all {strange} NaN or infinite";
        values = values[finite];
        return $"  min {Short(values.min().item<double>())}  mean {Short(values.mean().item<double>())}  max {Short(values.max().item<double>())}"
            + (strange > 0 ? $"  {strange} NaN or infinite" : "");
    }

    /// <summary>The first rows and columns of the first matrix, with … where there is more.</summary>
    private static List<List<string>> FirstValues(Tensor tensor)
    {
        var matrix = tensor.is_complex() ? tensor.abs() : tensor;
        while (matrix.dim() > 2) matrix = matrix[0];
        while (matrix.dim() < 2) matrix = matrix.unsqueeze(0);
        var (rows, columns) = (matrix.shape[0], matrix.shape[1]);
        var part = matrix.narrow(0, 0, Math.Min(rows, MostRows)).narrow(1, 0, Math.Min(columns, MostColumns)).to(ScalarType.Float64).cpu().contiguous();
        var values = part.data<double>().ToArray().Chunk((int)part.shape[1]).Select(row => row.Select(Short).ToList()).ToList();
        if (columns > MostColumns) values.ForEach(row => row.Add("…"));
        if (rows > MostRows) values.Add([.. values[0].Select(_ => "…")]);
        return values;
    }

    private static Drawing Card(Tensor tensor)
    {
        const int density = 2, margin = 14;
        using var heading = new Lettering(Inter.SemiBold, 14, Palette.Ink);
        using var facts = new Lettering(Inter.Regular, 12.5f, Palette.Muted);
        using var cell = new Lettering(Inter.Regular, 12.5f, Palette.Ink);
        string first = Facts(tensor), second = Range(tensor).Trim();
        if (tensor.dim() > 2 && tensor.numel() > 0) second += $"  ·  values of [{string.Join(", ", Enumerable.Repeat("0", (int)tensor.dim() - 2))}]";
        List<List<string>> values = tensor.numel() > 0 ? FirstValues(tensor) : [];
        var column = values.SelectMany(row => row).Select(cell.Measure).DefaultIfEmpty(0).Max() + 18;
        var columns = values.Count > 0 ? values[0].Count : 0;

        var width = (int)MathF.Ceiling(Math.Max(Math.Max(heading.Measure(first), facts.Measure(second)), columns * column) + 2 * margin);
        var tableTop = margin + heading.LineHeight + (second.Length > 0 ? facts.LineHeight + 8 : 6);
        var height = (int)MathF.Ceiling(tableTop + values.Count * (cell.LineHeight + 4) + margin);
        var picture = Canvas.Paint(width * density, height * density, canvas =>
        {
            canvas.Scale(density);
            heading.Draw(canvas, [first], margin, margin);
            if (second.Length > 0) facts.Draw(canvas, [second], margin, margin + heading.LineHeight + 2);
            using var rule = new SKPaint { Color = Palette.Rule, StrokeWidth = 1 };
            for (var y = 0; y < values.Count; y++)
            {
                var top = tableTop + y * (cell.LineHeight + 4);
                canvas.DrawLine(margin, top, margin + columns * column, top, rule);
                for (var x = 0; x < values[y].Count; x++)
                    cell.Draw(canvas, [values[y][x]], margin + (x + 1) * column - 6, top + 2, SKTextAlign.Right);
            }
        });
        return new Drawing(picture, density);
    }

    private static string Short(double value) =>
        double.IsNaN(value) ? "NaN"
        : double.IsInfinity(value) ? value > 0 ? "∞" : "−∞"
        : value == Math.Round(value) && Math.Abs(value) < 1e6 ? value.ToString("0", CultureInfo.InvariantCulture).Replace('-', '−')
        : Math.Abs(value) is >= 1e-3 and < 1e5 ? value.ToString(Math.Abs(value) >= 100 ? "0.0" : "0.0000", CultureInfo.InvariantCulture).Replace('-', '−')
        : value.ToString("0.00e+0", CultureInfo.InvariantCulture).Replace('-', '−');

    private static string Name(ScalarType type) => type switch
    {
        ScalarType.Byte => "uint8",
        ScalarType.Int64 => "int64",
        _ => type.ToString().ToLowerInvariant(),
    };
}
