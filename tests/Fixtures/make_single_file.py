"""Writes tests/Fixtures/layouts/single-{sd15,tiny}.txt: the names in a single-file checkpoint of Stable Diffusion 1, and those of the
same tensors in the published folders.

    /usr/bin/python3 tests/Fixtures/make_single_file.py

The old names are those of the models' first code (Rombach and others, 2022), where blocks are counted through: this walks through the
blocks in that order and says both names of each. What is known of the published v1-5-pruned-emaonly.safetensors is its size in bytes.
"""
import make_diffusion as diffusion
from make_layouts import OUT, size, type_of
from make_text_models import clip_shapes

PUBLISHED = 4_265_146_304
RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0", "conv2": "out_layers.3",
          "conv_shortcut": "skip_connection"}
SCHEDULE = ["betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_alphas_cumprod", "sqrt_one_minus_alphas_cumprod", "log_one_minus_alphas_cumprod",
            "sqrt_recip_alphas_cumprod", "sqrt_recipm1_alphas_cumprod", "posterior_variance", "posterior_log_variance_clipped",
            "posterior_mean_coef1", "posterior_mean_coef2"]


def unet_places(looks, layers):
    yield "time_embedding.linear_1", "time_embed.0"
    yield "time_embedding.linear_2", "time_embed.2"
    yield "conv_in", "input_blocks.0.0"
    levels, i = len(looks), 1
    for level in range(levels):
        for layer in range(layers):
            yield from resnet(f"down_blocks.{level}.resnets.{layer}", f"input_blocks.{i}.0")
            if looks[level]:
                yield f"down_blocks.{level}.attentions.{layer}", f"input_blocks.{i}.1"
            i += 1
        if level + 1 < levels:
            yield f"down_blocks.{level}.downsamplers.0.conv", f"input_blocks.{i}.0.op"
            i += 1
    yield from resnet("mid_block.resnets.0", "middle_block.0")
    yield "mid_block.attentions.0", "middle_block.1"
    yield from resnet("mid_block.resnets.1", "middle_block.2")
    i = 0
    for block, level in enumerate(reversed(range(levels))):
        for layer in range(layers + 1):
            yield from resnet(f"up_blocks.{block}.resnets.{layer}", f"output_blocks.{i}.0")
            if looks[level]:
                yield f"up_blocks.{block}.attentions.{layer}", f"output_blocks.{i}.1"
            if layer == layers and level > 0:
                yield f"up_blocks.{block}.upsamplers.0.conv", f"output_blocks.{i}.{2 if looks[level] else 1}.conv"
            i += 1
    yield "conv_norm_out", "out.0"
    yield "conv_out", "out.2"


def resnet(now, old):
    for part, place in RESNET.items():
        yield f"{now}.{part}", f"{old}.{place}"


def vae_places(levels, layers):
    yield "quant_conv", "quant_conv"
    yield "post_quant_conv", "post_quant_conv"
    for half, blocks, old, count in ("encoder", "down_blocks", "down", layers), ("decoder", "up_blocks", "up", layers + 1):
        yield f"{half}.conv_in", f"{half}.conv_in"
        yield f"{half}.conv_norm_out", f"{half}.norm_out"
        yield f"{half}.conv_out", f"{half}.conv_out"
        for block in range(levels):
            # The old decoder counts its blocks from the picture inward.
            place = block if half == "encoder" else levels - 1 - block
            for layer in range(count):
                for part in "norm1", "conv1", "norm2", "conv2":
                    yield f"{half}.{blocks}.{block}.resnets.{layer}.{part}", f"{half}.{old}.{place}.block.{layer}.{part}"
                yield f"{half}.{blocks}.{block}.resnets.{layer}.conv_shortcut", f"{half}.{old}.{place}.block.{layer}.nin_shortcut"
            changer = "downsample" if half == "encoder" else "upsample"
            yield f"{half}.{blocks}.{block}.{changer}rs.0.conv", f"{half}.{old}.{place}.{changer}.conv"
        for i in 0, 1:
            for part in "norm1", "conv1", "norm2", "conv2":
                yield f"{half}.mid_block.resnets.{i}.{part}", f"{half}.mid.block_{i + 1}.{part}"
        for part, old_part in ("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out"):
            yield f"{half}.mid_block.attentions.0.{part}", f"{half}.mid.attn_1.{old_part}"


def renamed(shapes, places, prefix):
    """(old name, new name, old shape): attention in the autoencoder was made of convolutions of 1 × 1."""
    places, used = dict(places), set()
    for name, shape in shapes.items():
        module = max((now for now in places if name.startswith(now + ".")), key=len)
        used.add(module)
        matrix = prefix.startswith("first") and ".attentions." in name and len(shape) == 2
        yield prefix + places[module] + name[len(module):], name, tuple(shape) + (1, 1) if matrix else tuple(shape)


def single(unet, vae, text):
    lines = []
    lines += [("unet", *row) for row in renamed(diffusion.unet_shapes(**unet), unet_places(unet["looks"], unet["layers"]), "model.diffusion_model.")]
    lines += [("vae", *row) for row in renamed(diffusion.vae_shapes(**vae), vae_places(len(vae["channels"]), vae["layers"]), "first_stage_model.")]
    lines += [("text_encoder", "cond_stage_model.transformer." + name, name, tuple(shape)) for name, shape in clip_shapes(**text).items()]
    lines += [("-", "cond_stage_model.transformer.text_model.embeddings.position_ids", "-", (1, 77))]
    lines += [("-", name, "-", (1000,)) for name in SCHEDULE] + [("-", "model_ema.decay", "-", ()), ("-", "model_ema.num_updates", "-", ())]
    return lines


def main():
    from make_stable_diffusion import TEXT
    sizes = dict(
        sd15=(dict(channels=[320, 640, 1280, 1280], looks=[True, True, True, False], context=768, layers=2, heads=8, groups=32, latent=4),
              dict(channels=[128, 256, 512, 512], layers=2, latent=4, groups=32),
              dict(vocabulary=49408, width=768, layers=12, heads=12, feed_forward=3072, positions=77)),
        tiny=(diffusion.UNET, diffusion.VAE, TEXT))
    for name, (unet, vae, text) in sizes.items():
        lines = single(unet, vae, text)
        assert len({line[1] for line in lines}) == len(lines)
        if name == "sd15":
            weights = {line[1]: line[3] for line in lines}
            print(len(weights), "tensors; bytes beside the published file's:", size(weights) - PUBLISHED)
        text = [f"{part} {old} {now} {type_of(old)} {'x'.join(map(str, shape))}".rstrip() for part, old, now, shape in sorted(lines)]
        (OUT / f"single-{name}.txt").write_text("\n".join(text) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
