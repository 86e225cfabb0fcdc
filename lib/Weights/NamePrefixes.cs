using ImageGen.Runtime;

namespace ImageGen.Weights;

/// <summary>
/// What trainers put before a model's own names: <c>state_dict</c> and <c>model</c> of a checkpoint, <c>module.</c> of
/// data
/// parallelism, <c>_orig_mod.</c> of a compiled model, one inside the other. Averaged weights stand under names of
/// their own.
/// </summary>
internal static class NamePrefixes
{
    private static readonly HashSet<string> Wrappers =
        ["state_dict", "model_state_dict", "model_state", "model", "module", "_orig_mod", "net", "network", "backbone",
            "base_model", "vgg", "resnet", "params", "weights"];

    private static readonly HashSet<string> Averages =
        ["ema", "model_ema", "ema_model", "ema_state_dict", "state_dict_ema", "model_ema_state_dict", "params_ema",
            "averaged_model"];

    /// <summary>The prefix under which most of a file's names are known; empty where that is none.</summary>
    /// <param name="names">All names of the file.</param>
    /// <param name="known">Whether a name without its prefix is one of those looked for.</param>
    /// <param name="averaged">Whether the averaged weights are meant; the trained ones otherwise, unless the file has
    /// the averaged ones alone.</param>
    internal static string Find(IEnumerable<string> names, Func<string, bool> known, bool averaged = false)
    {
        var votes = new Dictionary<string, int>();
        foreach (var name in names)
            foreach (var prefix in PrefixesOf(name))
                if (known(name[prefix.Length..])) votes[prefix] = votes.GetValueOrDefault(prefix) + 1;
        var chosen = averaged ? votes.Where(vote => IsAveraged(vote.Key)) : votes;
        return chosen.OrderByDescending(vote => vote.Value).ThenBy(vote => IsAveraged(vote.Key))
            .ThenBy(vote => vote.Key.Length).FirstOrDefault().Key
            ?? (averaged ? NoAverages : "");
    }

    /// <summary>Says that a file has no averaged weights.</summary>
    internal static CourseException Missing(string path) =>
        new($"The weights file {path} has no averaged (EMA) weights of that model: open it without asking for them.");

    /// <summary>What <see cref="Find"/> answers when averages are asked for and not there: no name begins so.</summary>
    internal const string NoAverages = "\0";

    private static bool IsAveraged(string prefix) => prefix.Split('.').Any(Averages.Contains);

    private static IEnumerable<string> PrefixesOf(string name)
    {
        yield return "";
        for (int at = 0, dot; (dot = name.IndexOf('.', at)) > 0; at = dot + 1)
        {
            var part = name[at..dot];
            if (!Wrappers.Contains(part) && !Averages.Contains(part)) yield break;
            yield return name[..(dot + 1)];
        }
    }
}
