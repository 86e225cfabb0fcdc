using ImageGen.Style;
using ImageGen.Vision;

namespace ImageGen.Bench;

/// <summary>What each style statistic costs: the same steps at 192 px, against the plain Gram matrix, in turns.</summary>
internal static class StatisticsBench
{
    public static IEnumerable<Measurement> Run()
    {
        using var network = new FilterPyramid();
        var (content, style) = (StyleBench.Leaves(1, 192), StyleBench.Leaves(2, 192));
        var options = new StyleTransferOptions { Size = 192, Steps = 6, Levels = 1, Optimizer = StyleOptimizer.Adam };
        foreach (var statistic in StyleStatistic.All.Where(statistic => statistic != StyleStatistic.Gram))
        {
            var (_, _, ratio) = Paired.Time(() => Paint(statistic), () => Paint(StyleStatistic.Gram), rounds: 5);
            yield return new($"time with {statistic.Name}, over Gram's", ratio);
        }

        void Paint(StyleStatistic statistic) => StyleTransfer.Run(content, style, network, options with { Statistic = statistic });
    }
}
