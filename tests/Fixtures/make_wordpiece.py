"""Writes tests/Fixtures/text/wordpiece.json: BERT's uncased tokenizer, written from its description, over hard texts.

    /usr/bin/python3 tests/Fixtures/make_wordpiece.py

The steps are those of Devlin and others' published tokenizer (arXiv 1810.04805): clean, space the Chinese characters,
lower case, strip accents, split at punctuation, then the longest pieces first. Also in the file: digests of what the
first five steps make of every code point that this Python's Unicode assigns, and a vocabulary learned from captions.
"""
import hashlib
import json
import pathlib
import random
import unicodedata as u
from collections import Counter

OUT = pathlib.Path(__file__).parent / "text" / "wordpiece.json"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHINESE = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
           (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]


def is_space(c):
    return c in " \t\n\r" or u.category(c) == "Zs"


def is_control(c):
    return c not in "\t\n\r" and u.category(c).startswith("C")


def is_punctuation(c):
    n = ord(c)
    return 33 <= n <= 47 or 58 <= n <= 64 or 91 <= n <= 96 or 123 <= n <= 126 or u.category(c).startswith("P")


def words(text):
    cleaned = ""
    for c in text:
        if ord(c) in (0, 0xFFFD) or is_control(c):
            continue
        if is_space(c):
            cleaned += " "
        elif any(first <= ord(c) <= last for first, last in CHINESE):
            cleaned += " " + c + " "
        else:
            cleaned += c
    for token in cleaned.split():  # also at U+2028 and U+2029, which the cleaning leaves
        token = "".join(c for c in u.normalize("NFD", token.lower()) if u.category(c) != "Mn")
        word = ""
        for c in token:
            if is_punctuation(c):
                if word:
                    yield word
                yield c
                word = ""
            else:
                word += c
        if word.split():
            yield word


def pieces(word, vocabulary):
    if len(word) > 100:
        return ["[UNK]"]
    found, start = [], 0
    while start < len(word):
        end = len(word)
        while end > start and ("##" if start else "") + word[start:end] not in vocabulary:
            end -= 1
        if end == start:
            return ["[UNK]"]
        found.append(("##" if start else "") + word[start:end])
        start = end
    return found


def tokenize(text, vocabulary):
    """Special tokens written out in the text stand for themselves, as Hugging Face has it."""
    found, rest = [], text
    while rest:
        at, token = min(((rest.find(s), s) for s in SPECIAL if s in rest), default=(len(rest), ""))
        for word in words(rest[:at]):
            found += pieces(word, vocabulary)
        if token:
            found.append(token)
        rest = rest[at + len(token):]
    return found


def train(texts, size, least, alphabet):
    """A vocabulary as Hugging Face's trainer learns it: the most frequent pair becomes one piece, again and again.
    Ties go to the pair that comes first in the order of code units."""
    counts = Counter(word for text in texts for word in words(text))
    splits = {word: [c if i == 0 else "##" + c for i, c in enumerate(word)] for word in counts}
    vocabulary = list(SPECIAL)
    letters = {piece for split in splits.values() for piece in split} | set(alphabet) | {"##" + c for c in alphabet}
    vocabulary += sorted(letters, key=lambda piece: piece.encode("utf-16-be"))
    while len(vocabulary) < size:
        pairs = Counter()
        for word, count in counts.items():
            for pair in zip(splits[word], splits[word][1:]):
                pairs[pair] += count
        if not pairs:
            break
        left, right = min(pairs, key=lambda pair: (-pairs[pair], pair[0].encode("utf-16-be"), pair[1].encode("utf-16-be")))
        if pairs[left, right] < least:
            break
        whole = left + right[2:]
        if whole not in vocabulary:
            vocabulary.append(whole)
        for split in splits.values():
            i = 0
            while i + 1 < len(split):
                if split[i] == left and split[i + 1] == right:
                    split[i:i + 2] = [whole]
                i += 1
    return vocabulary


VOCABULARY = SPECIAL + """a b c e i o f the flower petal ##s ##al ##a ##b ##c ##e ##f ##i ##l ##n ##o ##u ##x cafe caf
un ##aff ##able want ##want ##ed run ##ing naive istanbul in ##stanbul οδος ο ##δ ##ο ##ς ##σ δ σ ^ $ + = < > ~ ` | ! ? . , ' " - _ # @ % & * ( )
[ ] { } / \\ : ; ！ 。 中 国 花 ss ß ##ß 𐐨 ##𐐨 viet nam việt a\u200cb ab ##ab ½ ² k ω ㅎ ᄒ ##ᅡ ##ᆫ ᄒ한 d z ##z 1 2 0 ##0 ##1 ##2 10 i\u0307 h ##h t ##t ##r ##g ##p ##d ##v ##m ##w ##y ##k
– — … « » ¿ ¡ “ ” ‘ ’ • · ǆ 🌸 ##🌸 r s l n u y v g w p m j q x の ##の ひ""".split()
VOCABULARY = list(dict.fromkeys(VOCABULARY))

TEXTS = [
    "", " ", "\t\r\n", "a", "The Flower", "unwanted running", "unaffable", "Café CAFÉ cafe\u0301 naïve", "İstanbul ISTANBUL ıstanbul", "ΟΔΟΣ ΟΔΟΣ. οδοσ",
    "a^b$c+d=e<f>a~b`c|d", "!!! ?.,'\"-_#@%&*()[]{}/\\:;", "a！b。c", "– — … « » ¿¡ “a” ‘b’ • ·", "中国花a中b国", "\U00020000中\U0002A6DFa\uF900b\U0002F800", "のひひの",
    "a\0b", "a\ufffdb", "a\u00adb", "a\u200bb", "a\u200cb", "a\u200db", "a\ufeffb", "a\x0bb a\x0cb a\x1cb a\x85b", "a\u2028b\u2029c", "a\u00a0b\u2003c\u3000e", "a\tb\nc\re", "a\x7fb\x9fc", "\ue000a", "a\U000e0001b",
    "a" * 100, "a" * 101, "e\u0301" * 100, "e\u0301" * 101, "𐐀" * 60, "𐐀" * 101, "a" * 99 + "z", "ab" * 51, "!" * 120,
    "Việt Nam Vie\u0323\u0302t", "ẞ ß STRASSE", "K Ω Å", "½ ² ①", "ᄒ한 한국", "Ǆ ǅ ǆ", "🌸 a🌸 🌸🌸 👩‍🌾", "flower🌸flower", "aｂ ａ", "a\u0336b\u0489c", "ﬁ ﬀ",
    "the [MASK] flower", "[CLS]a[SEP]", "[mask] [MASK ]", "a[UNK]b[PAD]", "[[MASK]]", "[MASK][MASK]", "petals", "flowers petal-flower's", "12 10 1,000.20", "²", "क़ ख़ा", "a\u3164b", "ªº", "\u1680a", "a\u180eb", "\u0345a\u0345", "a\u20ddb",
]

CAPTIONS = [
    "a small daisy with twelve long white petals around a yellow heart", "a daisy-like flower, white petals, dark soil",
    "the red flower has five rounded petals and a yellow center", "five rounded red petals around a yellow center",
    "a purple flower with ruffled petals on a green meadow", "Purple petals; ruffled, layered, and large",
    "a pale pink blossom with pointed petals before a blue sky", "pointed pink petals, a tiny orange heart", "an orange bloom with many layered petals",
    "many pointed petals of a deep blue", "the petals are yellow and the center is brown", "une fleur à pétales jaunes", "white rounded petals; a green heart",
]


def main():
    rng = random.Random(5)
    alphabet = "abcefiostuz^$+!.,' \t\u00a0\u0301\u0307éÉİıΣσΑ中国𐐀ßẞ[]#\0\u200b\u2028½🌸"
    texts = TEXTS + ["".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 40))) for _ in range(150)]
    vocabulary = set(VOCABULARY)
    ids = {piece: i for i, piece in enumerate(VOCABULARY)}
    ranges = json.loads((OUT.parent / "canonical-forms.json").read_text())["assigned"]
    digests = []
    for block in range(0x110):
        sha, some = hashlib.sha256(), False
        for first, last in ranges:
            for code in range(max(first, block * 4096), min(last, block * 4096 + 4095) + 1):
                some = True
                sha.update(("|".join(words("a" + chr(code) + "b")) + "\n").encode("utf-8"))
        if some:
            digests.append({"block": block, "words": sha.hexdigest()[:16]})
    cases = []
    for text in texts:
        found = tokenize(text, vocabulary)
        cases.append({"text": text, "tokens": found, "ids": [ids[piece] for piece in ["[CLS]"] + found + ["[SEP]"]]})
    OUT.write_text(json.dumps({
        "vocabulary": VOCABULARY, "cases": cases, "blocks": digests,
        "captions": CAPTIONS, "learned": [
            {"size": size, "least": least, "vocabulary": train(CAPTIONS, size, least, alphabet)}
            for size, least, alphabet in [(80, 2, ""), (140, 2, "abcdefghijklmnopqrstuvwxyz0123456789"), (1000, 1, ""), (1000, 3, "xyz")]],
    }, separators=(",", ":")).replace('{"text"', '\n{"text"').replace('{"size"', '\n{"size"').replace('{"block"', '\n{"block"') + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
