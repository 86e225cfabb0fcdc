using ImageGen.Training;

namespace ImageGen.Tests;

public class DurationsTests
{
    [Theory]
    [InlineData(1_848_703)] // TimeSpan.FromSeconds gives a tick less
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(36_000_000_001)] // an hour and a tick
    public void ALengthComesBackToTheTick(long ticks) => Assert.Equal(ticks, Durations.OfSeconds(TimeSpan.FromTicks(ticks).TotalSeconds).Ticks);

    [Fact]
    public void SoDoesAnyLengthOfATraining()
    {
        var generator = new Random(0);
        for (var i = 0; i < 10_000; i++)
        {
            var length = TimeSpan.FromTicks(generator.NextInt64(TimeSpan.FromDays(300).Ticks) >> generator.Next(40));
            Assert.Equal(length, Durations.OfSeconds(length.TotalSeconds));
        }
    }
}
