using System.Text;
using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Tests.Data;

public sealed class PictureFolderTests
{
    [Fact]
    public void Text_files_beside_the_pictures_hold_a_caption_a_line()
    {
        using var folder = new TemporaryFolder();
        Draw(folder, "rose.png", 100, 60);
        Draw(folder, "Tulip.JPG", 60, 100);
        folder.Write("rose.txt", "a red rose\r\n\r\n  a rose, seen from above \n"u8.ToArray());
        folder.Write("Tulip.txt", Encoding.UTF8.GetBytes("\uFEFFmột bông hoa tulip 🌷"));
        var pictures = PictureFolder.Open(folder.Path, side: 32);
        Assert.Equal(2, pictures.Count);
        Assert.Equal(["một bông hoa tulip 🌷"], pictures.Captions(0));
        Assert.Equal(["a red rose", "a rose, seen from above"], pictures.Captions(1));
        Assert.Equal("rose.png", Path.GetFileName(pictures.Path(1)));
        // The shorter side is 38, a fifth more than 32, and 100:60 is kept.
        Assert.Equal((63, 38), (pictures.Picture(1).Width, pictures.Picture(1).Height));
    }

    [Fact]
    public void A_table_may_quote_and_may_give_a_picture_several_captions()
    {
        using var folder = new TemporaryFolder();
        Draw(folder, "a.png");
        Draw(folder, "b.png");
        var longest = new string('x', 10_000);
        folder.Write("captions.csv", Encoding.UTF8.GetBytes($"file,caption\na.png,\"red, with \"\"white\"\" edges\nand two lines\"\n\nb.png,{longest}\na.png,again\n"));
        var pictures = PictureFolder.Open(folder.Path);
        Assert.Equal(["red, with \"white\" edges\nand two lines", "again"], pictures.Captions(0));
        Assert.Equal([longest], pictures.Captions(1));
    }

    [Theory]
    [InlineData("a.png", "line 1, has 1 field instead of 2")]
    [InlineData("a.png,red\na.png,red, and white", "line 2, has 3 fields instead of 2")]
    [InlineData("a.png,red\n\na.png,", "line 3, gives 'a.png' an empty caption")]
    [InlineData("file,caption\n,red", "line 2, names no picture")]
    [InlineData("a.png,\"two\nlines\"\nc.png,red", "line 3, names the picture 'c.png', which is not in the folder")]
    [InlineData("a.png,\"red\na.png,white", "line 1, opens a quote that is never closed")]
    [InlineData("a.png,\"red\" rose", "line 1, has text after a closing quote")]
    [InlineData("file,caption\n", "holds no captions")]
    [InlineData("", "holds no captions")]
    public void A_bad_table_is_told_with_its_line(string table, string expected)
    {
        using var folder = new TemporaryFolder();
        Draw(folder, "a.png");
        folder.Write("captions.csv", Encoding.UTF8.GetBytes(table));
        Assert.Contains(expected, Error(folder.Path));
    }

    [Fact]
    public void Pictures_without_captions_and_captions_without_pictures_are_told()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("has no pictures: put PNG, JPEG or WebP files into it", Error(folder.Path));
        Assert.Contains("does not exist", Error(folder["none"]));
        Draw(folder, "a.png");
        Assert.Contains("The picture 'a.png' in", Error(folder.Path));
        Assert.Contains("has no caption: write 'a.txt' beside it", Error(folder.Path));
        Draw(folder, "b.png");
        Assert.Contains("2 pictures in", Error(folder.Path));
        folder.Write("a.txt", "a"u8.ToArray());
        folder.Write("b.txt", " \n\n"u8.ToArray());
        Assert.Contains("b.txt' holds no caption", Error(folder.Path));
        folder.Write("b.txt", "b"u8.ToArray());
        folder.Write("c.txt", "c"u8.ToArray());
        Assert.Contains("The captions 'c.txt' in", Error(folder.Path));
        Assert.Contains("belong to no picture", Error(folder.Path));
        File.Delete(folder["c.txt"]);
        folder.Write("b.txt", [0x62, 0xff, 0xfe]);
        Assert.Contains("b.txt' is not UTF-8 text", Error(folder.Path));
        folder.Write("captions.csv", "a.png,a"u8.ToArray());
        Assert.Contains("The picture 'b.png'", Error(folder.Path));
        Assert.Contains("add a row for it to captions.csv", Error(folder.Path));
    }

    [Fact]
    public void Unreadable_pictures_are_skipped_named_and_counted()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "a", "b", "c" }) folder.Write(name + ".txt", "words"u8.ToArray());
        folder.Write("a.png", "no picture"u8.ToArray());
        folder.Write("c.jpg", []);
        Draw(folder, "b.png");
        var pictures = PictureFolder.Open(folder.Path, side: 16);
        Assert.Equal(1, pictures.Count);
        Assert.Equal("b.png", Path.GetFileName(pictures.Path(0)));
        Assert.Equal(["a.png", "c.jpg"], pictures.Skipped.Select(file => Path.GetFileName(file.Path)));
        Assert.Contains("is not a picture", pictures.Skipped[0].Reason);
        Assert.Contains("is empty", pictures.Skipped[1].Reason);
        File.Delete(folder["b.png"]);
        File.Delete(folder["b.txt"]);
        Assert.Contains("None of the 2 pictures in", Error(folder.Path));
    }

    [Theory]
    [InlineData("nfd-name", "hoa-hồng.jpg")]
    [InlineData("upper-txt", "a.jpg")]
    [InlineData("header-file_name-text", "a.jpg")]
    public void Folders_as_other_systems_and_programs_write_them(string name, string picture)
    {
        var pictures = PictureFolder.Open(Fixture.PathOf($"captions/{name}"), side: 8);
        Assert.Equal(picture, CanonicalForm.Compose(Path.GetFileName(pictures.Path(0))));
        Assert.NotEmpty(Assert.Single(pictures.Captions(0)));
    }

    [Theory]
    [InlineData("metadata.csv", "file_name,text\r\na.png,red\r\n", "red")]
    [InlineData("metadata.csv", "text,width,file_name\nred,40,a.png\n", "red")]
    [InlineData("captions.csv", "image_path,caption\n./a.png,red", "red")]
    [InlineData("Captions.CSV", "\uFEFFfile_name,tags\na.png,\"red, round\"", "red, round")]
    [InlineData("captions.csv", "a.png, \"red, with white\" ", "red, with white")]
    [InlineData("captions.csv", "a.png,red\u2028and round", "red\u2028and round")]
    [InlineData("captions.csv", "a.png,\"red\r\nand round\"\r", "red\nand round")]
    [InlineData("captions.csv", "image,of\na.png,red", "red")]
    [InlineData("metadata.jsonl", "{\"file_name\": \"a.png\", \"text\": \"red\"}\r\n\r\n", "red")]
    [InlineData("metadata.jsonl", "{\"text\": [\"red\"], \"file_name\": \"a.png\", \"width\": 4}", "red")]
    [InlineData("meta_cap.json", "{\n  \"a\": {\n    \"caption\": \"red\"\n  }\n}", "red")] // as kohya's programs write them
    [InlineData("meta_cap.json", "\uFEFF{\"/home/x/a.png\": {\"tags\": \"round, red\"}}", "round, red")]
    [InlineData("meta_clean.json", "{\"C:\\\\x\\\\a.png\": {\"caption\": \"red\", \"tags\": \"round\", \"train_resolution\": [8, 8]}}", "red, round")]
    [InlineData("meta_lat.json", "{\"a\": {\"caption\": \"red \", \"tags\": null}}", "red")]
    [InlineData("a.TXT", "red\r\n", "red")]
    [InlineData("a.caption", "red", "red")]
    public void Tables_and_texts_under_other_names_and_headings(string name, string content, string expected)
    {
        using var folder = new TemporaryFolder();
        Draw(folder, "a.png");
        folder.Write(name, Encoding.UTF8.GetBytes(content));
        Assert.Equal([expected], PictureFolder.Open(folder.Path).Captions(0));
    }

    [Theory]
    [InlineData("metadata.jsonl", "{\"file_name\": \"a.png\"}", "line 1, has no 'text' for 'a.png'")]
    [InlineData("metadata.jsonl", "\n{\"text\": \"red\"}", "line 2, has no 'file_name'")]
    [InlineData("metadata.jsonl", "[1]", "line 1, is no object of JSON")]
    [InlineData("metadata.jsonl", "{\"file_name\": \"a.png\", \"text\": 5}", "line 1, is not JSON as")]
    [InlineData("meta_cap.json", "{\n\"b\": {\"caption\": \"red\"}}", "line 2, names the picture 'b', which is not in the folder")]
    [InlineData("meta_cap.json", "{\n\"a\": {\"train_resolution\": [8, 8]}}", "line 2, has neither 'caption' nor 'tags' for 'a'")]
    [InlineData("meta_cap.json", "{\"a\": \"red\"}", "line 1, has no object of 'caption' and 'tags' for 'a'")]
    [InlineData("meta_cap.json", "{\"a\":\n {\"caption\": \"red\"}", "is not JSON as")]
    [InlineData("meta_cap.json", "{\"a\": {\"caption\": 5}}", "line 1, is not JSON as")]
    [InlineData("metadata.csv", "file_name,text,more\na.png,red", "line 2, has 2 fields instead of 3")]
    public void Other_programs_tables_are_told_with_their_line(string name, string content, string expected)
    {
        using var folder = new TemporaryFolder();
        Draw(folder, "a.png");
        folder.Write(name, Encoding.UTF8.GetBytes(content));
        Assert.Contains(expected, Error(folder.Path));
    }

    [Fact]
    public void Captions_in_two_places_are_told()
    {
        using var folder = new TemporaryFolder();
        Draw(folder, "a.png");
        folder.Write("a.txt", "red"u8.ToArray());
        folder.Write("a.caption", "blue"u8.ToArray());
        Assert.Contains("captions twice, in 'a.caption' and in 'a.txt'", Error(folder.Path));
        folder.Write("captions.csv", "a.png,red"u8.ToArray());
        folder.Write("metadata.csv", "a.png,red"u8.ToArray());
        Assert.Contains("2 tables of captions, captions.csv and metadata.csv", Error(folder.Path));
    }

    private static string Error(string folder)
    {
        var message = Assert.Throws<CourseException>(() => PictureFolder.Open(folder)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static void Draw(TemporaryFolder folder, string name, int width = 40, int height = 40) =>
        new Picture(width, height, new byte[width * height * 3]).Save(folder[name]);
}
