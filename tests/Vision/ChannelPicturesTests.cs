using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Tests;

public class ChannelPicturesTests
{
    [Fact]
    public void AMadePictureExcitesItsChannelMoreThanPhotographsAndOtherPicturesDo()
    {
        using var network = FeatureNetworks.ResNet18("layer1_2");
        int[] channels = [11, 33];
        var made = ChannelPictures.Excite(network, "layer1_2", channels, side: 64, steps: 64);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        double Answer(Picture picture, int channel) => network.Extract(picture.ToTensor(), "layer1_2")["layer1_2"][0, channel].mean().ToDouble();
        foreach (var (channel, i) in channels.Select((channel, i) => (channel, i)))
        {
            Assert.True(Answer(made[i], channel) > 2 * Answer(CoursePictures.Content("cat").Square(64), channel));
            Assert.True(Answer(made[i], channel) > 1.5 * Answer(made[1 - i], channel));
        }
        Assert.Equal(made, ChannelPictures.Excite(network, "layer1_2", channels, side: 64, steps: 64)); // the same bits
    }

    [Fact]
    public void TheStrongestPlaceIsWhereTheAnswerIsLargest()
    {
        // White stripes upon black in one corner of an otherwise gray picture.
        using var scope = NewDisposeScope();
        var pixels = full([1, 3, 96, 96], 0.5f);
        pixels[.., .., 60..84, 8..32] = arange(24).remainder(4).less(2).to(float32).view(1, 1, 1, 24);
        var picture = Picture.FromTensor(pixels);
        using var pyramid = new FilterPyramid();
        var map = pyramid.Extract(picture.ToTensor(), "gabor1")["gabor1"][0];
        var channel = (int)map.amax([1, 2]).argmax().ToInt64();
        var patch = Assert.Single(ChannelPictures.Strongest(pyramid, "gabor1", channel, [picture], count: 1, side: 24));
        Assert.True(patch.ToTensor().std().ToDouble() > 0.3); // stripes, no gray
        Assert.Equal(2, ChannelPictures.Strongest(pyramid, "gabor1", channel, [picture, picture], count: 2, side: 24).Count);
    }

    [Fact]
    public void WhatIsNotThereIsOneLine()
    {
        using var pyramid = new FilterPyramid();
        var picture = CoursePictures.Content("lake").Square(64);
        Assert.Contains("no 9999", Assert.Throws<CourseException>(() => ChannelPictures.Excite(pyramid, "gabor1", [9999], 64, 1)).Message);
        Assert.Contains("no -1", Assert.Throws<CourseException>(() => ChannelPictures.Strongest(pyramid, "gabor1", -1, [picture])).Message);
        Assert.Contains("has no layer 'none'", Assert.Throws<CourseException>(() => ChannelPictures.Strongest(pyramid, "none", 0, [picture])).Message);
        Assert.Contains("has no place of 80×80", Assert.Throws<CourseException>(() => ChannelPictures.Strongest(pyramid, "gabor1", 0, [picture], side: 80)).Message);
    }
}
