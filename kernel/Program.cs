using ImageGen.Kernel.Engine;
var w = System.Diagnostics.Stopwatch.StartNew();
using var e = new NotebookEngine(Environment.CurrentDirectory);
var sink = new P();
foreach (var c in new[]{"1+1","var x = 5; Console.WriteLine(x);","x+1","await Task.Delay(10); x","foo","int F(int a) {\n  throw new InvalidOperationException(\"bad\");\n}","\n\nF(3)","display(\"a\", \"text/plain\").Update(\"b\");","new { A=1, B=\"x\" }","new System.Net.Http.HttpClient().GetType().Assembly.Location + System.Runtime.Loader.AssemblyLoadContext.GetLoadContext(typeof(System.Net.Http.HttpClient).Assembly)","#r \"ImageGen.Lib.dll\"\n#r \"TorchSharp.dll\"\nusing static TorchSharp.torch;","zeros(3).sum().item<float>()"}.Concat(Enumerable.Range(0,40).Select(i=>$"var v{i} = {i}; v{i}"))) {
  Console.WriteLine($"{w.ElapsedMilliseconds} >>> {c}");
  var r = await e.ExecuteAsync(c, sink); Console.WriteLine($"{r.Status} {r.Elapsed.TotalMilliseconds:f1} {r.Error?.Line}");
}
class P : IOutputSink { public void Write(CellOutput o) => Console.WriteLine(o is ErrorOutput x ? x.Text : o is ResultOutput r ? r.Bundle.ToJsonString() : o.ToString()); }
