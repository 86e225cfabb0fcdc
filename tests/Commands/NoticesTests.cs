using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImageGen.Runtime;

namespace ImageGen.Tests.Commands;

/// <summary>Whoever made what the course is built from is named.</summary>
public sealed partial class NoticesTests
{
    [Fact]
    public void Every_package_of_a_build_has_its_line()
    {
        string[] named = [.. Row().Matches(File.ReadAllText(Path.Combine(Folders.Root, "THIRD-PARTY-NOTICES.md")))
            .SelectMany(row => row.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)).Select(name => name.Split(' ')[0])];
        foreach (var program in new[] { "ImageGen.Course", "ImageGen.Tests" })
        {
            var libraries = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, program + ".deps.json")))!["libraries"]!.AsObject();
            var packages = libraries.Where(library => (string?)library.Value!["type"] == "package").Select(library => library.Key.Split('/')[0]).ToArray();
            Assert.Contains("TorchSharp", packages);
            Assert.All(packages, package => Assert.True(named.Any(name => package == name || package.StartsWith(name + '.') || package.StartsWith(name + '-')), $"{package} is not named"));
        }
    }

    [GeneratedRegex(@"^\| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
