using TorchSharp;

var a = torch.rand(512, 512);
Console.WriteLine(a.mm(a).mean().ToSingle());
