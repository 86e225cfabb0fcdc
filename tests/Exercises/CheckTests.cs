using ImageGen.Exercises;
using ImageGen.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public sealed class CheckTests
{
    private static readonly Tensor Right = tensor(new float[,] { { 1, 2 }, { 3, 4 } });

    private static string Of(Func<Tensor?> answer, params (string, double)[] factors) =>
        Check.Tensor("gram", answer, Right, factors: factors).ToString();

    [Fact]
    public void The_right_answer_is_right() => Assert.Equal("✔ gram: right.", Of(() => Right.clone()));

    [Fact]
    public void Null_is_not_done_yet() => Assert.StartsWith("○ gram: not done yet.", Of(() => null));

    [Fact]
    public void A_wrong_shape_is_named() =>
        Assert.Equal("✘ gram: its shape is [4] and should be [2, 2]; the number of values is right, so a reshape, view or transpose is missing.", Of(() => Right.flatten()));

    [Fact]
    public void A_forgotten_factor_is_named() =>
        Assert.Equal("✘ gram: it is H·W times the right answer: divide by H·W.", Of(() => Right * 64, ("H·W", 64)));

    [Fact]
    public void A_factor_too_many_is_named() =>
        Assert.Equal("✘ gram: it is the right answer divided by N: multiply by N.", Of(() => Right / 8, ("N", 8)));

    [Fact]
    public void An_unknown_factor_is_given_as_a_number() =>
        Assert.Equal("✘ gram: every value is 3.5 times the right one: a factor is missing or one too many.", Of(() => Right * 3.5));

    [Fact]
    public void A_wrong_sign_is_named() => Assert.Contains("−1 times", Of(() => -Right));

    [Fact]
    public void A_transposed_answer_is_named() => Assert.Equal("✘ gram: its last two axes are swapped: transpose it.", Of(() => Right.T));

    [Fact]
    public void A_constant_offset_is_named() => Assert.Contains("off by the same 0.5", Of(() => Right + 0.5));

    [Fact]
    public void The_worst_place_is_named() =>
        Assert.Equal("✘ gram: the values differ, most at [1, 0]: 9 where 3 is right.", Of(() => tensor(new float[,] { { 1, 2.1f }, { 9, 4 } })));

    [Fact]
    public void Values_that_are_no_numbers_are_named() => Assert.Contains("not numbers (NaN or infinity)", Of(() => Right / 0));

    [Fact]
    public void An_exception_in_the_students_code_is_one_line()
    {
        var line = Of(() => throw new InvalidOperationException("first line\nsecond line"));
        Assert.Equal("✘ gram: your code stopped with InvalidOperationException: first line", line);
    }

    [Fact]
    public void Numbers_are_checked_alike()
    {
        Assert.Equal(CheckState.Right, Check.Number("loss", () => 2.00001, 2).State);
        Assert.Equal("✘ loss: it is 4 times the right answer: divide by 4.", Check.Number("loss", () => 8, 2, factors: ("4", 4)).ToString());
        Assert.Equal("✘ loss: it is 5.3 and should be 2.", Check.Number("loss", () => 5.3, 2).ToString());
        Assert.Equal(CheckState.NotDone, Check.Number("loss", () => null, 2).State);
    }

    [Theory]
    [InlineData("", CheckState.NotDone)]
    [InlineData("b", CheckState.Right)]
    [InlineData("A", CheckState.Wrong)]
    [InlineData("X", CheckState.Wrong)]
    public void Choices_are_checked(string letter, CheckState state) =>
        Assert.Equal(state, Check.Choice("why", letter, "B", ("A", "position is forgotten")).State);

    [Fact]
    public void Strict_mode_throws_all_but_right_answers()
    {
        Environment.SetEnvironmentVariable(CheckResult.Variable, "strict");
        try
        {
            Assert.Equal(CheckState.Right, Check.Number("loss", () => 2, 2).State);
            Assert.Throws<CourseException>(() => Check.Number("loss", () => 3, 2));
            Assert.Throws<CourseException>(() => Check.Number("loss", () => null, 2));
        }
        finally
        {
            Environment.SetEnvironmentVariable(CheckResult.Variable, null);
        }
    }
}
