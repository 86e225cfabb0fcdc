"""Writes lib/Runtime/canonical-forms.txt, and digests of Python's own answers for the tests of lib/Text.

    /usr/bin/python3 tests/Fixtures/make_canonical_forms.py

The table holds the canonical decompositions and combining classes of Unicode (here 14.0, from Python's unicodedata;
Unicode License v3). The library needs it because .NET's String.Normalize does nothing in the globalization-invariant
mode that the course is built with. The digests cover every code point that this Unicode assigns, 4,096 at a time.
"""
import hashlib
import json
import pathlib
import unicodedata as u

HERE = pathlib.Path(__file__).parent
TABLE = HERE.parent.parent / "lib" / "Runtime" / "canonical-forms.txt"
DIGESTS = HERE / "text" / "canonical-forms.json"

HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic, in the library as in Python


def table():
    yield "# Canonical decompositions (D; X where NFC does not undo them) and combining classes (C) of Unicode " + u.unidata_version + "."
    yield "# Made by tests/Fixtures/make_canonical_forms.py from the Unicode Character Database, under the Unicode License v3."
    for code in range(0x110000):
        parts = u.decomposition(chr(code)).split()
        if parts and not parts[0].startswith("<"):
            undone = u.normalize("NFC", u.normalize("NFD", chr(code))) == chr(code)
            yield f"{'D' if undone else 'X'} {code:04X} {' '.join(parts)}"
    start = 0
    for code in range(1, 0x110001):
        previous = u.combining(chr(start))
        if code == 0x110000 or u.combining(chr(code)) != previous:
            if previous:
                yield f"C {previous} {start:04X} {code - 1:04X}"
            start = code


def assigned():
    """Ranges of code points that have a meaning here; surrogates, private use and the unassigned are left out, and
    U+1171E, a mark that later versions of Unicode (.NET 10 has 16.0) call spacing."""
    start = None
    for code in range(0x110001):
        has = code < 0x110000 and code != 0x1171E and u.category(chr(code)) not in ("Cn", "Cs", "Co")
        if has and start is None:
            start = code
        elif not has and start is not None:
            yield [start, code - 1]
            start = None


def digest(block, ranges, function):
    sha = hashlib.sha256()
    for first, last in ranges:
        for code in range(max(first, block * 4096), min(last, block * 4096 + 4095) + 1):
            sha.update(function(chr(code)).encode("utf-8") + b"\n")
    return sha.hexdigest()[:16]


def main():
    TABLE.write_text("\n".join(table()) + "\n", encoding="utf-8", newline="\n")
    ranges = list(assigned())
    blocks = [b for b in range(0x110) if any(first <= b * 4096 + 4095 and last >= b * 4096 for first, last in ranges)]
    functions = {
        "nfd": lambda c: u.normalize("NFD", c),
        "nfc": lambda c: u.normalize("NFC", c),
        # A base before and two marks behind bring out composition and the order of marks.
        "nfd_marks": lambda c: u.normalize("NFD", "e" + c + "\u0301\u0323"),
        "nfc_marks": lambda c: u.normalize("NFC", "e" + c + "\u0301\u0323"),
        "lower": lambda c: c.lower(),
    }
    texts = ["ΟΔΟΣ", "Σ", "ΑΣ", "ΣΑ", "ΑΣ Α", "ΑΣ'Α", "ΑΣ'", "ΑΣ.", "ΑΣ.Α", "Α\u0301Σ", "Α'Σ", "1Σ", "ΑΣ1", "ªΣ", "ⅠΣ", "ⒶΣ", "ΑΣ\u00adΑ", "ΑΣ\u00ad", "ΣΣΣ",
             "İSTANBUL", "I\u0307", "STRASSE ẞ", "ǅ", "𐐀𐐁", "K Ω Å", "Việt Nam", "Vie\u0323\u0302t", "각한글", "\u1100\u1161\u11a8", "a\u0315\u0300\u05ae\u0300b", "क़", "\u0915\u093c", "豈"]
    DIGESTS.write_text(json.dumps({
        "unicode": u.unidata_version,
        "assigned": ranges,
        "blocks": [{"block": b, **{name: digest(b, ranges, f) for name, f in functions.items()}} for b in blocks],
        "texts": [{"text": t, "lower": t.lower(), "nfd": u.normalize("NFD", t), "nfc": u.normalize("NFC", t)} for t in texts],
    }, separators=(",", ":")).replace('{"block"', '\n{"block"').replace('{"text"', '\n{"text"') + "\n", encoding="utf-8", newline="\n")


main()
