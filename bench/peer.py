# The work of bench/PeerBench.cs in PyTorch. Reads lines "load NAME FILE", "check NAME", "run NAME"; answers each with one line.
import json, math, struct, sys, time
import torch, torch.nn.functional as F


def tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    kinds = {"F32": torch.float32, "I64": torch.int64, "BOOL": torch.bool}
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        found[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
    return found


def conv(x, w, name, stride=1, padding=1):
    return F.conv2d(x, w[name + ".weight"], w.get(name + ".bias"), stride=stride, padding=padding)


def dense(x, w, name):
    return F.linear(x, w[name + ".weight"], w.get(name + ".bias"))


def layer_norm(x, w, name, epsilon):
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], epsilon)


def group_norm(x, w, name, epsilon):
    return F.group_norm(x, 8, w[name + ".weight"], w[name + ".bias"], epsilon)


def attend(q, k, v, heads):
    split = lambda x: x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)
    shares = (split(q) @ split(k).transpose(-1, -2) / math.sqrt(q.shape[-1] // heads)).softmax(-1)
    return (shares @ split(v)).transpose(1, 2).reshape(q.shape)


def learn(w, names):
    return [w[name].requires_grad_(True) for name in names]


def vgg(w):
    x = w["input"].requires_grad_(True)
    mean, deviation = (torch.tensor(v).view(3, 1, 1) for v in ([.485, .456, .406], [.229, .224, .225]))

    def step():
        y, index = (x - mean) / deviation, 0
        for block, count in enumerate((2, 2, 4, 4, 1)):
            for _ in range(count):
                y = conv(y, w, f"features.{index}").relu_()
                index += 2
            if block < 4:
                y, index = F.max_pool2d(y, 2), index + 1
        return y, torch.autograd.grad(y.sum(), x)[0]

    return step, lambda: [value.abs().mean().item() for value in step()]


def convolutions(w):
    x = w["input"].requires_grad_(True)

    def step():
        y, sums = x, []
        for stage in range(4):
            for i in range(4):
                y = conv(y, w, f"{stage}.{i}").relu_()
            sums.append(y.sum())
            if stage < 3:
                y = conv(y, w, f"{stage}.down", stride=2)
        return torch.autograd.grad(sum(sums), x)[0]

    return step, lambda: [step().abs().mean().item()]


def dcgan(w):
    generated, judged = ([n for n in w if n.startswith(p) and "running" not in n and "num_batches" not in n] for p in ("g.", "d."))
    optimizers = [torch.optim.Adam(learn(w, names), lr=2e-4, betas=(0.5, 0.999)) for names in (judged, generated)]

    def norm(x, name):
        return F.batch_norm(x, None, None, w[name + ".weight"], w[name + ".bias"], training=True)

    def code(which):
        return F.leaky_relu(norm(dense(w["text"], w, which + ".text.linear"), which + ".text.norm"), 0.2)

    def draw():
        x = torch.cat([w["noise"], code("g")], 1)
        x = norm(F.conv_transpose2d(x[:, :, None, None], w["g.block1.conv.weight"]), "g.block1.norm").relu_()
        for i in (2, 3, 4):
            x = norm(F.conv_transpose2d(x, w[f"g.block{i}.conv.weight"], stride=2, padding=1), f"g.block{i}.norm").relu_()
        return F.conv_transpose2d(x, w["g.last.weight"], stride=2, padding=1).tanh()

    def judge(x):
        for i in (1, 2, 3, 4):
            x = conv(x, w, f"d.conv{i}", stride=2)
            x = F.leaky_relu(norm(x, f"d.norm{i}") if i > 1 else x, 0.2, inplace=True)
        beside = code("d")[:, :, None, None].expand(-1, -1, 4, 4)
        return F.conv2d(torch.cat([x, beside], 1), w["d.score.weight"]).flatten()

    def step():
        optimizers[0].zero_grad()
        made = draw()
        (F.softplus(-judge(w["real"])).mean() + F.softplus(judge(made.detach())).mean()).backward()
        optimizers[0].step()
        optimizers[1].zero_grad()
        F.softplus(-judge(made)).mean().backward()
        optimizers[1].step()

    return step, lambda: [draw().abs().mean().item(), judge(w["real"]).abs().mean().item()]


def unet(w):
    # The course's own: 8 groups a norm, 4 heads.
    names = [n for n in w if n not in ("latents", "timesteps", "context", "looks", "noise")]
    optimizer = torch.optim.AdamW(learn(w, names), lr=1e-4)
    levels, looks = len(w["looks"]), [bool(v) for v in w["looks"]]
    layers = sum(f"down_blocks.0.resnets.{j}.conv1.weight" in w for j in range(8))

    def resnet(x, name, time):
        h = conv(F.silu(group_norm(x, w, name + ".norm1", 1e-5)), w, name + ".conv1")
        h = h + dense(F.silu(time), w, name + ".time_emb_proj")[:, :, None, None]
        h = conv(F.silu(group_norm(h, w, name + ".norm2", 1e-5)), w, name + ".conv2")
        return h + (conv(x, w, name + ".conv_shortcut", padding=0) if name + ".conv_shortcut.weight" in w else x)

    def transformer(x, name):
        b, c, height, width = x.shape
        block = name + ".transformer_blocks.0"
        y = conv(group_norm(x, w, name + ".norm", 1e-6), w, name + ".proj_in", padding=0).flatten(2).transpose(1, 2)
        for i, other in ((1, None), (2, w["context"])):
            own, a = layer_norm(y, w, f"{block}.norm{i}", 1e-5), f"{block}.attn{i}"
            seen = own if other is None else other
            y = y + dense(attend(dense(own, w, a + ".to_q"), dense(seen, w, a + ".to_k"), dense(seen, w, a + ".to_v"), 4), w, a + ".to_out.0")
        value, gate = dense(layer_norm(y, w, block + ".norm3", 1e-5), w, block + ".ff.net.0.proj").chunk(2, -1)
        y = y + dense(value * F.gelu(gate), w, block + ".ff.net.2")
        return x + conv(y.transpose(1, 2).reshape(x.shape), w, name + ".proj_out", padding=0)

    def forward():
        half = w["conv_in.weight"].shape[0] // 2
        angles = w["timesteps"][:, None] * torch.exp(-math.log(10000) * torch.arange(half) / half)
        time = dense(F.silu(dense(torch.cat([angles.cos(), angles.sin()], 1), w, "time_embedding.linear_1")), w, "time_embedding.linear_2")
        x = conv(w["latents"], w, "conv_in")
        skips = [x]
        for i in range(levels):
            for j in range(layers):
                x = resnet(x, f"down_blocks.{i}.resnets.{j}", time)
                x = transformer(x, f"down_blocks.{i}.attentions.{j}") if looks[i] else x
                skips.append(x)
            if i < levels - 1:
                x = conv(x, w, f"down_blocks.{i}.downsamplers.0.conv", stride=2)
                skips.append(x)
        x = resnet(x, "mid_block.resnets.0", time)
        x = resnet(transformer(x, "mid_block.attentions.0"), "mid_block.resnets.1", time)
        for i in range(levels):
            for j in range(layers + 1):
                x = resnet(torch.cat([x, skips.pop()], 1), f"up_blocks.{i}.resnets.{j}", time)
                x = transformer(x, f"up_blocks.{i}.attentions.{j}") if looks[-1 - i] else x
            if i < levels - 1:
                x = conv(F.interpolate(x, scale_factor=2), w, f"up_blocks.{i}.upsamplers.0.conv")
        return conv(F.silu(group_norm(x, w, "conv_norm_out", 1e-5)), w, "conv_out")

    def step():
        optimizer.zero_grad()
        F.mse_loss(forward(), w["noise"]).backward()
        optimizer.step()

    return step, lambda: [forward().abs().mean().item()]


def bert(w):
    layers = sum(f"encoder.layer.{i}.output.dense.weight" in w for i in range(24))

    @torch.no_grad()
    def step():
        e = "embeddings."
        x = w[e + "word_embeddings.weight"][w["ids"]] + w[e + "position_embeddings.weight"][:w["ids"].shape[1]] + w[e + "token_type_embeddings.weight"][0]
        x = layer_norm(x, w, e + "LayerNorm", 1e-12)
        for i in range(layers):
            n = f"encoder.layer.{i}."
            a = n + "attention."
            y = attend(*(dense(x, w, f"{a}self.{part}") for part in ("query", "key", "value")), 12)
            x = layer_norm(x + dense(y, w, a + "output.dense"), w, a + "output.LayerNorm", 1e-12)
            y = dense(F.gelu(dense(x, w, n + "intermediate.dense")), w, n + "output.dense")
            x = layer_norm(x + y, w, n + "output.LayerNorm", 1e-12)
        return x

    return step, lambda: [step().abs().mean().item()]


torch.set_num_threads(int(sys.argv[1]))
maps = open("/proc/self/maps").read()
print(torch.__version__, next((blas for blas in ("openblas", "mkl", "blis") if blas in maps), "reference BLAS"), flush=True)
works = {}
for line in sys.stdin:
    what, name, *rest = line.split()
    if what == "load":
        works[name] = globals()[name](tensors(rest[0]))
        print("ok", flush=True)
    elif what == "check":
        print(*works[name][1](), flush=True)
    else:
        start = time.perf_counter()
        works[name][0]()
        print(time.perf_counter() - start, flush=True)
