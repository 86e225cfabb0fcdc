# Times the notebook kernel as nbclient and the front ends use it. Prints one JSON object.
import json, os, statistics, sys, time
from jupyter_client.manager import start_new_kernel

library, *peer = sys.argv[1:]
LIBRARY_CELL = f'#r "{library}/ImageGen.Lib.dll"\n#r "{library}/TorchSharp.dll"\nusing static TorchSharp.torch;\nzeros(3).sum().item<float>()'


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(client, code):
    reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=120)
    assert reply["content"]["status"] == "ok", reply["content"]


def complete(client, code):
    asked = client.complete(code, len(code))
    while client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != asked:
        pass


def resident(manager):
    with open(f"/proc/{manager.provisioner.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def resident_of_all(manager):
    # A tool's program starts another one that does the work.
    own = manager.provisioner.process.pid
    children = open(f"/proc/{own}/task/{own}/children").read().split()
    return sum(int(open(f"/proc/{pid}/statm").read().split()[1]) for pid in [own, *children]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def session(name):
    begun = time.perf_counter()
    manager, client = start_new_kernel(kernel_name=name, startup_timeout=120)
    run(client, "1 + 1")
    first = time.perf_counter() - begun
    tensor = seconds(lambda: run(client, LIBRARY_CELL))
    trivial = statistics.median(seconds(lambda: run(client, f"var v{i} = {i};\nv{i} + 1")) for i in range(100))
    memory = resident_of_all(manager)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return {"first": first, "tensor": tensor, "trivial": trivial, "memory": memory}


# In turns with the archived kernel; each figure is the median over the rounds of ours over theirs.
if peer:
    rounds = [(session(".net-csharp"), session("upstream")) for _ in range(3)]
    print(json.dumps({key: statistics.median(ours[key] / theirs[key] for ours, theirs in rounds) for key in rounds[0][0]}))
    sys.exit()

figures = {}
begun = time.perf_counter()
manager, client = start_new_kernel(kernel_name=".net-csharp")
run(client, "1 + 1")
figures["first"] = time.perf_counter() - begun
figures["tensor"] = seconds(lambda: run(client, LIBRARY_CELL))
cells = [seconds(lambda: run(client, f"var v{i} = {i};\nv{i} + 1")) for i in range(1000)]
figures["trivial"] = statistics.median(cells)
figures["growth"] = statistics.median(cells[-100:]) / statistics.median(cells[:100])
figures["memory"] = resident(manager)
complete(client, "Console.Wri")
figures["completion"] = statistics.median(seconds(lambda: complete(client, code)) for code in ["Console.Wri", "v99", "zeros(3).su", "v5.ToS", "Math.Ma"] * 4)
client.stop_channels()
manager.shutdown_kernel(now=True)

# The same client with Python's own kernel: what the road between client and kernel costs by itself.
try:
    manager, client = start_new_kernel(kernel_name="python3")
    run(client, "1 + 1")
    figures["python"] = statistics.median(seconds(lambda: run(client, f"v{i} = {i}\nv{i} + 1")) for i in range(100))
    client.stop_channels()
    manager.shutdown_kernel(now=True)
except Exception:
    pass
print(json.dumps(figures))
