using ImageGen.Data;
using ImageGen.Imaging;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Gan;

/// <summary>Trains a generator and a discriminator against each other.</summary>
public sealed class GanTrainer
{
    public static readonly string[] LossNames = ["real", "fake", "wrong", "fool", "match", "l1"];
    public readonly GanGenerator Generator, Average;
    public readonly GanDiscriminator Discriminator;
    private readonly ICaptionedPictures data;
    private readonly ICaptionEncoder encoder;
    private readonly GanOptions options;
    private readonly optim.Optimizer generatorSteps, discriminatorSteps;
    public double L1Now, FmNow, Contrast;
    public bool Augment;
    public bool AllPairs;

    public GanTrainer(GanConfig config, ICaptionedPictures data, ICaptionEncoder encoder, GanOptions options)
    {
        (this.data, this.encoder, this.options) = (data, encoder, options);
        Seeds.Set(options.Seed);
        Generator = new(config);
        Average = new(config);
        Discriminator = new(config);
        Average.load_state_dict(Generator.state_dict());
        foreach (var p in Average.parameters()) p.requires_grad = false;
        Average.eval();
        generatorSteps = optim.Adam(Generator.parameters(), options.GeneratorRate, options.Beta1, options.Beta2);
        discriminatorSteps = optim.Adam(Discriminator.parameters(), options.DiscriminatorRate, options.Beta1, options.Beta2);
        (L1Now, FmNow) = (options.L1Weight, options.FeatureMatchingWeight);
    }

    public void Rates(double factor)
    {
        foreach (var g in generatorSteps.ParamGroups) g.LearningRate = options.GeneratorRate * factor;
        foreach (var g in discriminatorSteps.ParamGroups) g.LearningRate = options.DiscriminatorRate * factor;
    }

    private static Tensor Augmented(Tensor x, Tensor dx, Tensor dy) => x;

    public Tensor Step(PictureBatch batch, int step)
    {
        using var scope = NewDisposeScope();
        var count = batch.Captions.Count;
        var random = SplitMix64.Stream((ulong)(uint)options.Seed << 8 | 0x61, (ulong)step);
        using var generator = new torch.Generator(random.NextBits() >> 1);
        var wrongs = Enumerable.Range(0, count).Select(i => data.WrongCaption(batch.Indices[i], batch.CaptionIndices[i], random)).ToArray();
        var e = encoder.Encode(batch.Captions);
        var wrongE = encoder.Encode(wrongs);
        var z = randn([count, Generator.Config.NoiseWidth], generator: generator).to(e.device);
        var real = batch.Pictures;

        var fake = Generator.call(z, e);
        // Discriminator.
        discriminatorSteps.zero_grad();
        var penalty = options.GradientPenaltyWeight > 0 && step % options.GradientPenaltyEvery == 0;
        var realIn = penalty ? real.detach().clone().requires_grad_(true) : real;
        var fReal = Discriminator.Features(realIn);
        var fFake = Discriminator.Features(fake.detach());
        var sReal = Discriminator.Score(fReal, e);
        var lReal = GanLosses.Real(sReal, options.Loss, options.RealLabel);
        var lFake = GanLosses.Fake(Discriminator.Score(fFake, e), options.Loss);
        var lWrong = options.WrongTextWeight > 0 ? GanLosses.Fake(Discriminator.Score(fReal, wrongE), options.Loss) : zeros(1);
        var dLoss = lReal + lFake + options.WrongTextWeight * lWrong;
        if (Contrast > 0) dLoss = dLoss + Contrast * Discriminator.Contrast(fReal, e, wrongE);
        if (penalty) dLoss = dLoss + options.GradientPenaltyWeight * options.GradientPenaltyEvery * 0.5 * GanLosses.GradientPenalty(sReal, realIn);
        dLoss.backward();
        discriminatorSteps.step();

        // Generator.
        generatorSteps.zero_grad();
        foreach (var p in Discriminator.parameters()) p.requires_grad = false;
        var f = Discriminator.Features(fake);
        var lFool = GanLosses.Fool(Discriminator.Score(f, e), options.Loss);
        var gLoss = lFool;
        if (Contrast > 0) gLoss = gLoss + Contrast * Discriminator.Contrast(f, e, wrongE);
        var lMatch = zeros(1);
        var lL1 = zeros(1);
        if (FmNow > 0) gLoss = gLoss + FmNow * (lMatch = GanLosses.FeatureMatching(f, fReal));
        if (L1Now > 0) gLoss = gLoss + L1Now * (lL1 = GanLosses.L1(fake, real));
        gLoss.backward();
        generatorSteps.step();
        foreach (var p in Discriminator.parameters()) p.requires_grad = true;

        using (no_grad())
        {
            var decay = Math.Min(options.EmaDecay, (1.0 + step) / (10 + step));
            foreach (var (a, b) in Average.parameters().Zip(Generator.parameters())) a.lerp_(b, 1 - decay);
            foreach (var (a, b) in Average.buffers().Zip(Generator.buffers()))
                if (a.is_floating_point()) a.lerp_(b, 1 - decay);
        }
        return cat([lReal.detach().view(1), lFake.detach().view(1), lWrong.detach().view(1), lFool.detach().view(1), lMatch.detach().view(1), lL1.detach().view(1)]).MoveToOuterDisposeScope();
    }
}
