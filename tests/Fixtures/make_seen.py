"""Which pictures a training looks at, as the numbers in FineTuningTests.OnlyPicturesThatTheStepsSeeAreEncoded: python3 tests/Fixtures/make_seen.py

Each step seeds PyTorch's generator with SplitMix64's mixing of seed and step, and draws its pictures first.
"""
import torch

MASK = (1 << 64) - 1


def seed_of(seed, step):
    z = (seed * 0x9E3779B97F4A7C15 + step + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return (z ^ z >> 31) >> 1


def seen(count, steps, batch, seed):
    order = []
    for step in range(1, steps + 1):
        torch.manual_seed(seed_of(seed, step))
        order += torch.randint(count, (batch,)).tolist()
    return list(dict.fromkeys(order))


print("5 pictures, 3 steps of 1, seed 7:", seen(5, 3, 1, 7))
print("6000 pictures, 2 steps of 4, seed 11:", seen(6000, 2, 4, 11))
print("4 pictures, 3 and 5 steps of 1, seed 7:", seen(4, 3, 1, 7), seen(4, 5, 1, 7))
print("how many of 5800 and of 6000 pictures 1000 steps see:", [len(seen(count, 1000, 1, 7)) for count in (5800, 6000)])
