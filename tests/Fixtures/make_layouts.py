"""Writes tests/Fixtures/layouts/*.txt: the names and shapes of the tensors in published files, a line each.

    /usr/bin/python3 tests/Fixtures/make_layouts.py

They are built from the descriptions by the other scripts here, which share nothing with the library; VGG-19's by torchvision. What can be
known of the published files themselves is checked: how many bytes they have, tensors and header together.
"""
import json
import math
import pathlib

import torchvision

import make_diffusion as diffusion
from make_metrics import text_shapes, vision_shapes
from make_text_models import bert_shapes, clip_shapes, head_shapes

OUT = pathlib.Path(__file__).parent / "layouts"
BYTES = {"F32": 4, "I64": 8}


def vae():
    """The published autoencoder has the attention's names of 2022."""
    names = {}
    for name, shape in diffusion.vae_shapes([128, 256, 512, 512], 2, 4, 32).items():
        if ".attentions." in name:
            for now, old in ("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn"):
                name = name.replace(f".{now}.", f".{old}.")
        names[name] = shape
    return names


def bert():
    """The published file has the encoder under bert., the norms' oldest names, and both heads of the pre-training."""
    shapes = {"bert." + name: shape for name, shape in bert_shapes(30522, 768, 12, 12, 3072, 512).items()} | head_shapes(30522, 768)
    shapes |= {"cls.seq_relationship.weight": (2, 768), "cls.seq_relationship.bias": (2,)}
    return {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): shape for name, shape in shapes.items()}


def type_of(name):
    return "I64" if name.endswith("position_ids") else "F32"


def size(shapes):
    """The bytes of a safetensors file as the reference writes it, in the order of names; the oldest versions did not fill up the header to eight."""
    at, header = 0, {"__metadata__": {"format": "pt"}}
    for name in sorted(shapes, key=lambda n: (-BYTES[type_of(n)], n)):
        end = at + BYTES[type_of(name)] * math.prod(shapes[name])
        header[name] = {"dtype": type_of(name), "shape": list(shapes[name]), "data_offsets": [at, end]}
        at = end
    return 8 + len(json.dumps(header, separators=(",", ":"))) + at


def main():
    positions = {"text_model.embeddings.position_ids": (1, 77)}
    layouts = {
        "sd15-unet": (diffusion.unet_shapes([320, 640, 1280, 1280], [True, True, True, False], 768, 2, 8, 32, 4), 3_438_167_540),
        "sd15-vae": (vae(), 334_643_276),
        "sd15-text_encoder": (clip_shapes(49408, 768, 12, 12, 3072, 77) | positions, 492_265_874),
        "bert": (bert(), 440_449_768),
        "clip": (text_shapes(49408, 512, 12, 2048, 77, 512) | vision_shapes(224, 32, 768, 12, 12, 3072, 512)
                 | positions | {"vision_model.embeddings.position_ids": (1, 50), "logit_scale": ()}, None),
        "vgg19": ({name: tuple(value.shape) for name, value in torchvision.models.vgg19().state_dict().items()}, None),
    }
    OUT.mkdir(exist_ok=True)
    for name, (shapes, published) in layouts.items():
        if published:
            difference = size(shapes) - published
            print(name, len(shapes), "tensors; bytes beside the published file's:", difference)
            # The order of the tensors moves a few digits of their places, and nothing else can.
            assert abs(difference) <= 8, name
        lines = [f"{key} {type_of(key)} {'x'.join(map(str, shape))}".rstrip() for key, shape in sorted(shapes.items())]
        (OUT / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
