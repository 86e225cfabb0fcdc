using System.Security.Cryptography;
using ImageGen.Diffusion;
using ImageGen.Runtime;
using ImageGen.Weights;
using static TorchSharp.torch;

namespace ImageGen.Tests;

/// <summary>From a server to an open model: the files that data/sources.json lists for sd15, of a small model.</summary>
public sealed class FetchedStableDiffusionTests : IDisposable
{
    private readonly TemporaryFolder original = new(), cache = new();

    public FetchedStableDiffusionTests()
    {
        using var scope = NewDisposeScope();
        using var small = DiffusionFixtures.Small();
        StableDiffusion.Save(small, original.Path, ScalarType.Float32);
    }

    public void Dispose()
    {
        original.Dispose();
        cache.Dispose();
    }

    [Fact]
    public async Task WhatTheListNamesIsAllThatOpeningNeeds()
    {
        using var scope = NewDisposeScope();
        var fetched = await Fetch();
        Assert.Equal(["text_encoder/model.safetensors", "tokenizer/merges.txt", "tokenizer/vocab.json", "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors"],
            Directory.EnumerateFiles(fetched, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(fetched, file).Replace('\\', '/'))
                .Where(name => Path.GetExtension(name) is not (".ok" or ".lock")).Order(StringComparer.Ordinal));
        // No configuration is fetched: Stable Diffusion 1.5's stand in, and these weights are of a smaller model.
        var parts = StableDiffusionParts.Of(fetched);
        Assert.Equal((512, 64), (parts.Side, parts.Multiple));
        Assert.Equal(DiffusionConfig.StableDiffusion, parts.Diffusion);
        Assert.Contains("does not fit", Assert.Throws<CourseException>(() => StableDiffusion.Open(fetched, CPU)).Message);

        // With the small model's own configurations beside them they open, and it is the same model.
        foreach (var name in new[] { "unet/config.json", "vae/config.json", "text_encoder/config.json" }) File.Copy(original[name], Path.Combine(fetched, name));
        using var model = StableDiffusion.Open(fetched, CPU);
        using var right = StableDiffusion.Open(original.Path, CPU);
        var options = new GenerationOptions { Steps = 2 };
        Assert.True(AdapterFixtures.Same(model.Generate(["a red flower"], options, cancellation: TestContext.Current.CancellationToken),
            right.Generate(["a red flower"], options, cancellation: TestContext.Current.CancellationToken)));
    }

    private async Task<string> Fetch()
    {
        var listed = Sources.Find(StableDiffusion.SourceName);
        using var server = new ScriptedServer((request, _) => ScriptedServer.Honest(File.ReadAllBytes(original[request.Target.TrimStart('/')]), request));
        var source = listed with
        {
            Files = [.. listed.Files.Select(file =>
            {
                var content = File.ReadAllBytes(original[file.File]);
                return file with { Size = content.Length, Urls = [$"{server.Address}/{file.File}"], Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)) };
            })],
        };
        var options = new DownloadOptions { Cache = cache.Path, PartBytes = 100_000, Connections = 1, Retries = 0, FirstDelay = TimeSpan.FromMilliseconds(1) };
        return await Downloads.FetchAsync(source, cancel: TestContext.Current.CancellationToken, options: options);
    }
}
