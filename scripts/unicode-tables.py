#!/usr/bin/env python3
"""Prints the tables of libtripsage/vector/embedder/unicode.c.

What is in them is what the package tokenizers (Rust and Python, Apache 2.0) answers when it is asked about each character, since
models were trained behind it: its notion of punctuation and of marks is that of an older Unicode than Python's own.
pip install tokenizers==0.23.3
"""
import unicodedata

from tokenizers import normalizers, pre_tokenizers

clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
lower = normalizers.Lowercase()
words = pre_tokenizers.BertPreTokenizer()

# Ideographs and Hangul syllables are many, and nothing is told of them but by the formula of Hangul.
assigned = [
    c
    for c in range(0x80, 0x110000)
    if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")
    and not (0x3400 <= c <= 0x4DBF or 0x4E00 <= c <= 0x9FFF or 0xAC00 <= c <= 0xD7A3 or 0x20000 <= c <= 0x2F7FF or 0x30000 <= c <= 0x3FFFF)
    or 0xA7C0 <= c <= 0xA7DF or 0x10D50 <= c <= 0x10D65 or 0x16EA0 <= c <= 0x16EB8 or 0x1C89 <= c <= 0x1C8A
]


def ranges(codes):
    out = []
    for c in codes:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def table(kind, name, rows):
    line = "   "
    print(f"static const {kind} {name}[] = {{")
    for row in rows:
        if len(line) + len(row) + 2 > 140:
            print(line)
            line = "   "
        line += f" {row},"
    print(line.rstrip(","))
    print("};\n")


def hexes(rows):
    return ["{" + ", ".join(hex(x) for x in row) + "}" for row in rows]


removed, marks, punctuation, spaces, singles, several, lowers = [], [], [], [], [], [], []
for c in assigned:
    ch = chr(c)
    cleaned = clean.normalize_str("a" + ch + "b")
    if cleaned == "ab":
        removed.append(c)
    elif cleaned == "a b":
        spaces.append(c)
    bare = strip.normalize_str(ch)
    if bare == "":
        marks.append(c)
    elif len(bare) == 1 and bare != ch:
        singles.append((c, ord(bare)))
    elif len(bare) > 1:
        several.append((c, [ord(x) for x in bare]))
    if [w for w, _ in words.pre_tokenize_str("a" + ch + "b")] == ["a", ch, "b"]:
        punctuation.append(c)
    small = lower.normalize_str(ch)
    if small != ch and len(small) == 1:
        lowers.append((c, ord(small)))
    elif small != ch:
        assert c == 0x130, hex(c)

# Letters that go in pairs, capital and small, one after the other, and those that lie at a distance.
runs = []
for c, small in lowers:
    last = runs[-1] if runs else None
    if last and small - c == last[3] and c - last[1] in (1, 2) and (last[0] == last[1] or c - last[1] == last[2]):
        last[2] = c - last[1]
        last[1] = c
    else:
        runs.append([c, c, 1, small - c])

assert all(len(x) <= 3 for _, x in several), several
table("range", "controls", hexes(ranges(removed)))
table("range", "spaces", hexes(ranges(spaces)))
table("range", "marks", hexes(ranges(marks)))
table("range", "punctuation", hexes(ranges(punctuation)))
table("run", "capitals", [f"{{{hex(a)}, {hex(b)}, {s}, {d}}}" for a, b, s, d in runs])
table("pair", "bare", hexes(singles))
table("triple", "parts", [f"{{{hex(c)}, {{{', '.join(hex(x) for x in (p + [0])[:3])}}}}}" for c, p in several])
