namespace ImageGen.Data;

/// <summary>What a picture is for in style transfer.</summary>
public enum PictureKind
{
    /// <summary>What the finished picture shows.</summary>
    Content,

    /// <summary>How the finished picture is painted.</summary>
    Style,
}
