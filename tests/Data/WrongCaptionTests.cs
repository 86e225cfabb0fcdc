using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;

namespace ImageGen.Tests.Data;

/// <summary>A caption for the matching-aware loss is wrong in earnest: it never happens to be true.</summary>
public sealed class WrongCaptionTests
{
    [Fact]
    public void A_wrong_caption_never_fits_and_never_tells_of_what_is_held_out()
    {
        var flowers = new Petals(Split.Train, 200);
        var random = new SplitMix64(5);
        var near = 0;
        for (var i = 0; i < flowers.Count; i++)
            for (var caption = 0; caption < Petals.CaptionsPerFlower; caption++)
            {
                var wrong = flowers.WrongCaption(i, caption, random);
                Assert.DoesNotContain(wrong, flowers.Captions(i));
                var (own, other) = (flowers.Captions(i)[caption].Split(' '), wrong.Split(' '));
                if (own.Length == other.Length && own.Zip(other).Count(pair => pair.First != pair.Second) <= 3) near++;
            }
        // Of 1,000, more than a quarter are the flower's own caption with one thing changed: many changes are not named in it.
        Assert.InRange(near, 200, 400);
    }

    [Fact]
    public void Half_of_the_flowers_with_one_thing_changed_have_another_shape_and_a_number_of_petals_it_comes_with()
    {
        var (flowers, random, reshaped) = (new Petals(Split.Train, 500), new SplitMix64(6), 0);
        for (var i = 0; i < flowers.Count; i++)
        {
            var flower = flowers.Attributes(i);
            var changed = FlowerKinds.Change(flower, random, Split.Train);
            Assert.False(Petals.IsHeldOut(changed.Color, changed.Shape));
            Assert.Contains(changed.PetalCount, FlowerKinds.PetalCounts(changed.Shape).ToArray());
            Assert.NotEqual(flower, changed);
            if (changed.Shape == flower.Shape) continue;
            reshaped++;
            Assert.Equal(flower with { Shape = changed.Shape, PetalCount = changed.PetalCount }, changed);
        }
        Assert.InRange(reshaped, 200, 300);
    }

    [Fact]
    public void Another_flowers_caption_fits_when_all_it_says_is_true()
    {
        var flowers = new Petals(Split.Test, 300);
        var (fits, pairs) = (0, 0);
        for (var i = 0; i < 40; i++)
            for (var j = 0; j < 300; j++, pairs++)
                for (var k = 0; k < Petals.CaptionsPerFlower; k++)
                {
                    var expected = flowers.Descriptions(j)[k].Fits(flowers.Attributes(i));
                    Assert.Equal(expected, flowers.Fits(i, j, k));
                    if (i != j && expected) fits++;
                }
        Assert.InRange(fits, 1, pairs / 20); // it happens, seldom
    }

    [Fact]
    public void A_set_without_knowledge_of_meaning_takes_another_pictures_caption()
    {
        ICaptionedPictures pictures = new Some([["a rose"], ["A Rose", "a tulip"]]);
        Assert.Equal("a tulip", pictures.WrongCaption(0, 0, new SplitMix64(1)));
        Assert.True(pictures.Fits(0, 1, 0));
        Assert.False(pictures.Fits(0, 1, 1));
        ICaptionedPictures same = new Some([["a rose"], ["a rose"]]);
        Assert.Contains("WrongTextWeight", Assert.Throws<CourseException>(() => same.WrongCaption(0, 0, new SplitMix64(1))).Message);
    }

    private sealed class Some(string[][] captions) : ICaptionedPictures
    {
        public string Name => "Some";
        public int Count => captions.Length;
        public int Side => 64;
        public bool MayFlip => false;
        public Picture Picture(int index) => throw new NotSupportedException();
        public IReadOnlyList<string> Captions(int index) => captions[index];
    }
}
