"""Writes tests/Fixtures/text/clip/{vocab.json,merges.txt,cases.json}: CLIP's byte-pair tokenizer over hard texts.

    /usr/bin/python3 tests/Fixtures/make_clip_tokenizer.py

Written from the tokenizer's description (Radford and others, arXiv 2103.00020): NFC, one space for any, lower case, the
pattern 's|'t|'re|'ve|'m|'ll|'d|letters|one digit|anything else, bytes as characters, then merges in their order.
The two small files have the published files' layout: 256 bytes, 256 bytes ending a word, merges, begin, end.
"""
import json
import pathlib
import random
import unicodedata as u
from collections import Counter

OUT = pathlib.Path(__file__).parent / "text" / "clip"
BEGIN, END = "<|startoftext|>", "<|endoftext|>"


def byte_characters():
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    moved = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(moved)}}


BYTES = byte_characters()


def kind(c):
    # White_Space, not str.isspace, which also counts U+001C to U+001F.
    if c.isspace() and c not in "\x1c\x1d\x1e\x1f":
        return "space"
    return {"L": "letter", "N": "digit"}.get(u.category(c)[0], "other")


def words(text):
    text = u.normalize("NFC", text)
    text = "".join(" " if kind(c) == "space" else c for c in text).strip(" ").lower()
    at = 0
    while at < len(text):
        if kind(text[at]) == "space":
            at += 1
            continue
        ending = next((e for e in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d") if text.startswith(e, at)), None)
        end = at + (len(ending) if ending else 1)
        if not ending and kind(text[at]) != "digit":
            while end < len(text) and kind(text[end]) == kind(text[at]):
                end += 1
        yield text[at:end]
        at = end


def merge(symbols, pair):
    merged, i = [], 0
    while i < len(symbols):
        if tuple(symbols[i:i + 2]) == pair:
            merged.append("".join(pair))
            i += 2
        else:
            merged.append(symbols[i])
            i += 1
    return merged


def symbols_of(word):
    letters = [BYTES[b] for b in word.encode("utf-8")]
    return letters[:-1] + [letters[-1] + "</w>"]


def pieces(word, ranks):
    symbols = symbols_of(word)
    while True:
        pair = min(zip(symbols, symbols[1:]), key=lambda p: ranks.get(p, 1 << 30), default=None)
        if pair not in ranks:
            return symbols
        symbols = merge(symbols, pair)


def learn(texts, count):
    counts = Counter(word for text in texts for word in words(text))
    splits = {word: symbols_of(word) for word in counts}
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, n in counts.items():
            for pair in zip(splits[word], splits[word][1:]):
                pairs[pair] += n
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        splits = {word: merge(split, best) for word, split in splits.items()}
    return merges


def tokenize(text, ranks):
    found, rest = [], text
    while rest:
        at, token = min(((rest.find(s), s) for s in (BEGIN, END) if s in rest), default=(len(rest), ""))
        for word in words(rest[:at]):
            found += pieces(word, ranks)
        found += [token] if token else []
        rest = rest[at + len(token):]
    return found


LEARNED_FROM = [
    "a photo of a flower", "a photo of a red flower with white petals", "the flower's petals aren't yellow", "a photo depicts twelve petals",
    "an orange flower, we've seen it, I'll paint it", "hoa hồng đỏ", "Việt Nam", "a rose is a rose is a rose", "中国花 中国", "🌸🌸 🌸", "2024 2025", "!!! ...",
    "petals petals petals", "the long white petals around a yellow heart",
]

TEXTS = LEARNED_FROM + [
    "", " ", "A Photo  of\ta\nFLOWER", "can't won't they're we've I'm I'll he'd", "'s 'S 't 'x 're're", "don''t '''s !'s", "rock 'n' roll", "it’s", "a1b22c333", "½² Ⅷ ①",
    "café CAFÉ cafe\u0301", "Vie\u0323\u0302t Nam", "İstanbul", "ΟΔΟΣ Σ", "𐐀𐐁𐐨 𝒜𝒷", "\U00020000\U00020001中", "🌸a🌸", "👩\u200d🌾", "a\u00a0b\u2003c\u3000d\u2028e", "a\x1cb\x85c",
    "a\0b\ufffd", "e\u0301\u0302\u0327", "a\u0330\u0331", "क्षत्रिय", "ไทย", "한국어 각", "ﬁ ﬀ", "flower.petal,petal;petal", "--- --a--", "<|endoftext|>", "a<|startoftext|>b <|END|>", "<|endoftext|",
    "supercalifragilisticexpialidocious", "ªº ʰ", "１２３ ａｂｃ", "x" * 300, "&amp; &#39;",
]


def main():
    rng = random.Random(3)
    alphabet = "aeflopstw'' \t.,!<|>019éÉΣ\u0301花🌸𝒜đ\u00a0½"
    texts = TEXTS + ["".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 40))) for _ in range(120)]
    merges = learn(LEARNED_FROM, 100)
    ranks = {pair: i for i, pair in enumerate(merges)}
    tokens = [*BYTES.values(), *(c + "</w>" for c in BYTES.values()), *("".join(pair) for pair in merges), BEGIN, END]
    ids = {token: i for i, token in enumerate(tokens)}
    assert len(ids) == len(tokens)
    OUT.mkdir(exist_ok=True)
    (OUT / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8", newline="\n")
    (OUT / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8", newline="\n")
    cases = []
    for text in texts:
        found = tokenize(text, ranks)
        cases.append({"text": text, "tokens": found, "ids": [ids[t] for t in (BEGIN, *found, END)]})
    (OUT / "cases.json").write_text(json.dumps(cases, separators=(",", ":")).replace('{"text"', '\n{"text"') + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
