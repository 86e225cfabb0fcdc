using Microsoft.DotNet.Interactive.Formatting;

namespace ImageGen.Imaging;

/// <summary>How a notebook shows a <see cref="Picture"/>: as itself, and its size for those who cannot see it.</summary>
internal sealed class PictureFormatters : ITypeFormatterSource
{
    public IEnumerable<ITypeFormatter> CreateTypeFormatters() =>
    [
        new Shown<Picture>("image/png", picture => Convert.ToBase64String(picture.ToPng())),
        new Shown<Picture>("text/plain", picture => picture.ToString()),
    ];
}

/// <summary>Shows values of one type as one kind of text.</summary>
internal sealed class Shown<T>(string mimeType, Func<T, string> show) : ITypeFormatter<T>
{
    public string MimeType => mimeType;

    public Type Type => typeof(T);

    public bool Format(T value, FormatContext context)
    {
        context.Writer.Write(show(value));
        return true;
    }

    public bool Format(object instance, FormatContext context) => instance is T value && Format(value, context);
}
