using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Tests;

/// <summary>The student's own picture in place of the course's, by an environment variable.</summary>
public sealed class OwnPicturesTests : IDisposable
{
    private readonly string? content = Environment.GetEnvironmentVariable(CoursePictures.ContentVariable);
    private readonly string? style = Environment.GetEnvironmentVariable(CoursePictures.StyleVariable);
    private readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(CoursePictures.ContentVariable, content);
        Environment.SetEnvironmentVariable(CoursePictures.StyleVariable, style);
        folder.Dispose();
    }

    [Fact]
    public void Without_the_variables_the_courses_pictures_are_used()
    {
        Environment.SetEnvironmentVariable(CoursePictures.ContentVariable, null);
        Environment.SetEnvironmentVariable(CoursePictures.StyleVariable, "");
        Assert.Equal(CoursePictures.Content("lake"), CoursePictures.OwnContentOr("lake"));
        Assert.Equal(CoursePictures.Style("dots"), CoursePictures.OwnStyleOr("dots"));
    }

    [Fact]
    public void A_file_takes_the_place_of_its_kind_alone()
    {
        var own = new Picture(2, 1, [10, 20, 30, 200, 100, 0]);
        own.Save(folder["own.png"]);
        Environment.SetEnvironmentVariable(CoursePictures.ContentVariable, folder["own.png"]);
        Environment.SetEnvironmentVariable(CoursePictures.StyleVariable, null);
        Assert.Equal(own, CoursePictures.OwnContentOr("lake"));
        Assert.Equal(CoursePictures.Style("dots"), CoursePictures.OwnStyleOr("dots"));

        Environment.SetEnvironmentVariable(CoursePictures.StyleVariable, folder["own.png"]);
        Assert.Equal(own, CoursePictures.OwnStyleOr("dots"));
    }

    [Fact]
    public void A_name_of_the_course_works_too()
    {
        Environment.SetEnvironmentVariable(CoursePictures.ContentVariable, "Street");
        Assert.Equal(CoursePictures.Content("street"), CoursePictures.OwnContentOr("lake"));
    }

    [Fact]
    public void A_missing_file_is_named_with_what_to_do()
    {
        Environment.SetEnvironmentVariable(CoursePictures.StyleVariable, "no/such.png");
        var message = Assert.Throws<CourseException>(() => CoursePictures.OwnStyleOr("dots")).Message;
        Assert.Contains("'no/such.png'", message);
        Assert.Contains("IMAGEGEN_STYLE", message);
        Assert.Contains("whirls", message);
    }

    [Fact]
    public void A_file_that_is_no_picture_is_refused()
    {
        Environment.SetEnvironmentVariable(CoursePictures.ContentVariable, folder.Write("own.png", [1, 2, 3]));
        Assert.Throws<CourseException>(() => CoursePictures.OwnContentOr("lake"));
    }

    [Fact]
    public void Photographs_are_contents_too()
    {
        Assert.Equal(["cat", "coffee", "rocket"], CoursePictures.Photographs);
        Assert.Equal([(451, 300), (600, 400), (640, 427)],
            CoursePictures.Photographs.Select(CoursePictures.Content).Select(picture => (picture.Width, picture.Height)));
    }
}
