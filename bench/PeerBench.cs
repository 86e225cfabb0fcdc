using System.Diagnostics;
using System.Globalization;
using ImageGen.Diffusion;
using ImageGen.Gan;
using ImageGen.Runtime;
using ImageGen.Text;
using ImageGen.Vision;
using ImageGen.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Bench;

/// <summary>
/// <c>./course bench peer</c>: the same work with the same weights in Debian's PyTorch, in turns with ours. The numbers are
/// compared before anything is timed.
/// </summary>
internal static class PeerBench
{
    private const int Rounds = 7;

    private sealed record Work(string Name, string What, Dictionary<string, Tensor> Tensors, Action Step, Func<double[]> Check);

    public static IEnumerable<Measurement> Run()
    {
        var folder = Directory.CreateTempSubdirectory("imagegen-peer-");
        try
        {
            using var peer = new Peer(folder.FullName);
            Console.WriteLine($"PyTorch {peer.Version}");
            foreach (var make in (Func<Work>[])[Vgg, Convolutions, Dcgan, DiffusionStep, Bert])
            {
                using var scope = NewDisposeScope();
                var work = make();
                var file = Path.Combine(folder.FullName, work.Name + ".safetensors");
                SafeTensors.Save(file, work.Tensors);
                peer.Ask($"load {work.Name} {file}");
                Compare(work, peer);
                var ours = new List<double>();
                var ratios = new List<double>();
                for (var round = -2; round < Rounds; round++)
                {
                    var seconds = Paired.Seconds(() => Scoped(work.Step));
                    var theirs = double.Parse(peer.Ask($"run {work.Name}"), CultureInfo.InvariantCulture);
                    if (round < 0) continue; // both compile and warm up
                    ours.Add(seconds);
                    ratios.Add(seconds / theirs);
                }
                ratios.Sort();
                ours.Sort();
                yield return new(work.What, 1000 * ours[Rounds / 2], "ms");
                yield return new("  our time over PyTorch's", ratios[Rounds / 2], AtMost: 1);
            }
        }
        finally { folder.Delete(recursive: true); }
    }

    private static Work Vgg()
    {
        var network = new VggFeatures(lastLayer: "relu5_1");
        var picture = rand([1, 3, 256, 256], requires_grad: true);
        (Tensor, Tensor) Step()
        {
            var maps = network.Extract(picture, "relu5_1")["relu5_1"];
            return (maps, autograd.grad([maps.sum()], [picture])[0]);
        }
        return new("vgg", "VGG-19 step to relu5_1, 256²", With(network, ("input", picture)), () => Step(),
            () => Step() is var (maps, gradient) ? [Size(maps), Size(gradient)] : []);
    }

    // The 3×3 convolutions of a ResNet-18 at 448 pixels, without its norms and shortcuts.
    private static Work Convolutions()
    {
        var weights = new Dictionary<string, Tensor>();
        for (var stage = 0; stage < 4; stage++)
        {
            var width = 64 << stage;
            for (var i = 0; i < 4; i++) weights[$"{stage}.{i}.weight"] = randn(width, width, 3, 3) * Math.Sqrt(2.0 / (9 * width));
            if (stage < 3) weights[$"{stage}.down.weight"] = randn(2 * width, width, 3, 3) * Math.Sqrt(2.0 / (9 * width));
        }
        var x = weights["input"] = rand([1, 64, 112, 112], requires_grad: true);
        var laidOut = weights.ToDictionary(pair => pair.Key, pair => pair.Key == "input" ? pair.Value : pair.Value.ChannelsLast());
        Tensor Step()
        {
            var (y, sum) = (x.ChannelsLast(), zeros([]));
            for (var stage = 0; stage < 4; stage++)
            {
                for (var i = 0; i < 4; i++) y = nn.functional.conv2d(y, laidOut[$"{stage}.{i}.weight"], padding: [1, 1]).relu_();
                sum += y.sum();
                if (stage < 3) y = nn.functional.conv2d(y, laidOut[$"{stage}.down.weight"], strides: [2, 2], padding: [1, 1]);
            }
            return autograd.grad([sum], [x])[0];
        }
        return new("convolutions", "3×3 convolutions of a ResNet-18, 448²", weights, () => Step(), () => [Size(Step())]);
    }

    private static Work Dcgan()
    {
        const int batch = 32;
        var config = new GanConfig { TextWidth = 128 };
        var (generator, discriminator) = (new GanGenerator(config), new GanDiscriminator(config));
        var (noise, text, real) = (randn(batch, config.NoiseWidth), randn(batch, config.TextWidth), rand(batch, 3, 64, 64) * 2 - 1);
        var optimizers = new[] { (nn.Module)discriminator, generator }.Select(m => optim.Adam(m.parameters(), 2e-4, beta1: 0.5)).ToArray();
        var tensors = With(null, ("noise", noise), ("text", text), ("real", real));
        foreach (var (prefix, module) in new (string, nn.Module)[] { ("g.", generator), ("d.", discriminator) })
            foreach (var (name, value) in module.state_dict()) tensors[prefix + name] = value;
        void Step()
        {
            optimizers[0].zero_grad();
            var made = generator.call(noise, text);
            (nn.functional.softplus(-discriminator.call(real, text)).mean() + nn.functional.softplus(discriminator.call(made.detach(), text)).mean()).backward();
            optimizers[0].step();
            optimizers[1].zero_grad();
            nn.functional.softplus(-discriminator.call(made, text)).mean().backward();
            optimizers[1].step();
        }
        return new("dcgan", $"DCGAN training step, width 64, {batch} pictures", tensors, Step,
            () => [Size(generator.call(noise, text)), Size(discriminator.call(real, text))]);
    }

    private static Work DiffusionStep()
    {
        const int batch = 32;
        var unet = new UNet(UNetConfig.Petals(contextWidth: 128));
        var (latents, context, noise, timesteps) = (randn(batch, 4, 16, 16), randn(batch, 12, 128), randn(batch, 4, 16, 16), rand(batch) * 999);
        var optimizer = optim.AdamW(unet.parameters(), 1e-4);
        var looks = tensor(unet.Config.CrossAttention.Select(look => look ? 1f : 0f).ToArray());
        return new("unet", $"U-Net training step, the course's, {batch} latents",
            With(unet, ("latents", latents), ("context", context), ("noise", noise), ("timesteps", timesteps), ("looks", looks)), () =>
            {
                optimizer.zero_grad();
                nn.functional.mse_loss(unet.call(latents, timesteps, context, null), noise).backward();
                optimizer.step();
            }, () => [Size(unet.call(latents, timesteps, context, null))]);
    }

    private static Work Bert()
    {
        var model = new BertEncoder(BertConfig.Base);
        model.eval();
        var ids = randint(1, BertConfig.Base.VocabularySize, [32, 64]);
        var mask = ones([32, 64], ScalarType.Bool);
        Tensor Step()
        {
            using var noGrad = no_grad();
            return model.call(ids, mask).Sequence;
        }
        return new("bert", "BERT-base, 32 texts of 64 tokens", With(model, ("ids", ids)), () => Step(), () => [Size(Step())]);
    }

    private static Dictionary<string, Tensor> With(nn.Module? module, params (string Name, Tensor Value)[] more)
    {
        var tensors = module?.state_dict() ?? [];
        foreach (var (name, value) in more) tensors[name] = value;
        return tensors;
    }

    private static double Size(Tensor values) => values.abs().mean().ToDouble();

    private static void Compare(Work work, Peer peer)
    {
        double[] ours = [], theirs = [.. peer.Ask($"check {work.Name}").Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
        Scoped(() => ours = work.Check());
        for (var i = 0; i < ours.Length; i++)
            if (!(Math.Abs(ours[i] - theirs[i]) <= 1e-3 * Math.Abs(theirs[i])))
                throw new CourseException($"{work.What}: ours is {ours[i]:g6} and PyTorch's {theirs[i]:g6}; what differs is not to be timed.");
    }

    private static void Scoped(Action work)
    {
        using var scope = NewDisposeScope();
        work();
    }

    /// <summary>Python with PyTorch, asked line by line.</summary>
    private sealed class Peer : IDisposable
    {
        private readonly Process process;

        public Peer(string folder)
        {
            var script = Path.Combine(folder, "peer.py");
            using (var resource = typeof(PeerBench).Assembly.GetManifestResourceStream("peer.py")!)
            using (var file = File.Create(script)) resource.CopyTo(file);
            // Debian's Python has Debian's PyTorch; another one may come first on PATH.
            var python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
            var start = new ProcessStartInfo(python, [script, $"{Compute.Threads}"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
            // OpenBLAS chooses its own kernels, as it does on a machine of its user's.
            foreach (var variable in (string[])["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]) start.Environment.Remove(variable);
            process = Process.Start(start)!;
            Version = process.StandardOutput.ReadLine()
                ?? throw new CourseException("The peer needs PyTorch (on Debian or Ubuntu: sudo apt-get install python3-torch libopenblas0-pthread).");
        }

        public string Version { get; }

        public string Ask(string line)
        {
            process.StandardInput.WriteLine(line);
            process.StandardInput.Flush();
            return process.StandardOutput.ReadLine() ?? throw new CourseException($"PyTorch ended at '{line}'; its words are above.");
        }

        public void Dispose()
        {
            process.StandardInput.Close();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
