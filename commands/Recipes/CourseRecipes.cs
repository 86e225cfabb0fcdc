using ImageGen.Runtime;

namespace ImageGen.Course.Recipes;

/// <summary>The recipes of the course.</summary>
internal static class CourseRecipes
{
    /// <summary>All of them, in the order of the lessons.</summary>
    public static IReadOnlyList<Recipe> All { get; } =
    [
        new PerceptualRecipe(),
        new MiniBertRecipe(),
        new DcganWords(),
        new DcganBert(),
        new FlowersDcgan(),
        new JudgeRecipe(),
        new MiniClipRecipe(),
        new AutoencoderRecipe(),
        new UNetRecipe(),
        new TulipRecipe(),
        new PorcelainRecipe(),
    ];

    /// <summary>One of them.</summary>
    /// <exception cref="CourseException">There is none of that name.</exception>
    public static Recipe Find(string name) => All.FirstOrDefault(recipe => recipe.Name == name)
        ?? throw new CourseException($"There is no recipe '{name}': there are "
            + $"{string.Join(", ", All.Select(recipe => recipe.Name))}.");
}
