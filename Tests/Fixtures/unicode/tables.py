#!/usr/bin/env python3
"""Writes Sources/Scoring/Text/CodePointTables.swift and AccentTable.swift from what several Pythons say of every code point.

    for python in python3.8 python3.9 python3.10 python3.11 python3.12 python3.13; do
        $python Tests/Fixtures/unicode/tables.py probe /tmp/$python.pickle
    done
    python3 Tests/Fixtures/unicode/tables.py write Sources/Scoring/Text /tmp/python3.*.pickle
    python3 Tests/Fixtures/unicode/tables.py digest /tmp/python3.*.pickle > Tests/Fixtures/unicode/digest.txt

Only differences between the Pythons count: a code point of which one says something else than another, and one that the
newest does not know, is "unknown". Made with Unicode 12.1 (Python 3.8), 13.0 (3.9, 3.10), 14.0 (3.11), 15.0 (3.12) and
15.1 (3.13).
"""
import pickle
import re
import struct
import sys
import unicodedata
import zlib

LIMIT = 0x110000
SURROGATES = range(0xD800, 0xE000)
SIGMA = 0x3A3
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def probe(path):
    """What str.lower, re and unicodedata of this Python say of each code point."""
    word, space = re.compile(r"\w"), re.compile(r"\s")
    rows = []
    for code in range(LIMIT):
        if code in SURROGATES:
            rows.append(None)
            continue
        text = chr(code)
        # A sigma is final after a cased letter; what may be ignored between both is skipped.
        after_letter = ("A" + text + chr(SIGMA)).lower()[-1] == "\u03c2"
        alone = (" " + text + chr(SIGMA)).lower()[-1] == "\u03c2"
        decomposed = unicodedata.normalize("NFKD", text)
        assert bool(space.match(text)) == text.isspace() == (text.split() == [])
        rows.append((
            bool(word.match(text)), text.isspace(), text.lower() if code != SIGMA else text, alone,
            after_letter and not alone, "".join(c for c in decomposed if not unicodedata.combining(c)),
            unicodedata.category(text),
        ))
    with open(path, "wb") as file:
        pickle.dump((unicodedata.unidata_version, rows), file, protocol=4)


def varint(number):
    digits = ""
    while number >= 32:
        digits += ALPHABET[32 + number % 32]
        number //= 32
    return digits + ALPHABET[number]


def zigzag(number):
    return 2 * number if number >= 0 else -2 * number - 1


def ranges(holds):
    """The code points at which `holds` changes, each as the distance from the one before."""
    last, inside, out = 0, False, ""
    for code in range(LIMIT):
        if holds(code) != inside:
            out += varint(code - last)
            last, inside = code, not inside
    return out


def runs(lower):
    """Runs of letters with equal distance to their lower case: distance from the last end, length, step, distance."""
    out, end, pending = "", 0, sorted(lower)
    while pending:
        first = pending[0]
        step = 2 if first + 1 not in lower or lower[first + 1] - first - 1 != lower[first] - first else 1
        count = 1
        while lower.get(first + count * step, -1) - first - count * step == lower[first] - first:
            count += 1
        taken = {first + index * step for index in range(count)}
        pending = [code for code in pending if code not in taken]
        assert first >= end or step == 2
        out += varint(zigzag(first - end)) + varint(count) + varint(step) + varint(zigzag(lower[first] - first))
        end = first
    return out


def accents(table):
    """For each code point that changes: distance from the last one, count of what it becomes, and that, by distances."""
    out, last, target = "", 0, 0
    for code in sorted(table):
        out += varint(code - last) + varint(len(table[code]))
        last = code
        for letter in table[code]:
            out += varint(zigzag(ord(letter) - target))
            target = ord(letter)
    return out


def literal(name, words, text):
    lines = [text[index : index + 110] for index in range(0, len(text), 110)]
    body = "\\\n        ".join(lines)
    return f'    /// {words}\n    static let {name}: StaticString = """\n        {body}\n        """\n'


HEAD = "// Made by Tests/Fixtures/unicode/tables.py; do not edit.\n\n"


def read(paths):
    """The newest table, with None for what is not known, the unknown code points, and the versions in words."""
    probes = []
    for path in paths:
        with open(path, "rb") as file:
            probes.append(pickle.load(file))
    probes.sort(key=lambda probe: [int(part) for part in probe[0].split(".")])
    versions = f"Unicode {probes[0][0]} to {probes[-1][0]}"
    tables = [rows for _, rows in probes]
    newest = tables[-1]
    unknown = {
        code for code in range(LIMIT) if newest[code] is not None
        and (newest[code][6] == "Cn" or len({rows[code][:6] for rows in tables}) > 1)
    }
    return [None if code in unknown else newest[code] for code in range(LIMIT)], unknown, versions


def digest(paths):
    """CRC-32 of all that is known, as numbers of 32 bits: code point, traits, lower case, count and letters without accents."""
    crc, known = 0, read(paths)[0]
    for code, row in enumerate(known):
        if row:
            traits = row[0] + 2 * row[1] + 4 * row[3] + 8 * row[4]
            numbers = [code, traits, *map(ord, row[2]), len(row[5]), *map(ord, row[5])]
            crc = zlib.crc32(struct.pack(f"<{len(numbers)}I", *numbers), crc)
    return f"{sum(row is not None for row in known)} code points, CRC-32 {crc:08x}"


def write(folder, paths):
    known, unknown, versions = read(paths)
    assert [code for code in range(LIMIT) if known[code] and len(known[code][2]) > 1] == [0x130]
    lower = {
        code: ord(known[code][2]) for code in range(LIMIT)
        if known[code] and code != 0x130 and known[code][2] != chr(code)
    }
    stripped = {
        code: known[code][5] for code in range(LIMIT)
        if known[code] and known[code][5] != chr(code) and not 0xAC00 <= code <= 0xD7A3
    }
    # What known code points become is known too.
    assert not any(ord(letter) in unknown for row in known if row for letter in row[2] + row[5])
    column = lambda index: ranges(lambda code: bool(known[code] and known[code][index]))
    text = HEAD + f"/// What Python's `re`, `str.lower` and `str.split` say of code points, where {versions} agree: `CodePoints` reads it.\n"
    text += "///\n/// Numbers have five bits in each letter, the lowest first, with a mark on all but the last: `PackedNumbers`.\nenum CodePointTables {\n"
    text += "\n".join([
        literal("words", "Where `\\w` begins to match and ends.", column(0)),
        literal("spaces", "Where white space begins and ends.", column(1)),
        literal("cased", "Where the letters begin and end after which a capital sigma is a final one.", column(3)),
        literal("ignorable", "Where what is skipped to find such a letter begins and ends.", column(4)),
        literal("unknown", "Where code points begin and end that the versions differ in or do not know.",
                ranges(lambda code: code in unknown)),
        literal("lower", "Runs of letters and their lower case: first, count, step, distance. U+0130 is not in it.", runs(lower)),
    ]) + "}\n"
    with open(f"{folder}/CodePointTables.swift", "w", encoding="ascii") as file:
        file.write(text)
    text = HEAD + f"/// What code points become when they are decomposed (NFKD) and their accents removed, where {versions} agree.\n"
    text += "///\n/// Hangul syllables are not in it: they become two or three letters by a rule.\nenum AccentTable {\n"
    text += literal("letters", "Code point, count, and what it becomes, as distances.", accents(stripped)) + "}\n"
    with open(f"{folder}/AccentTable.swift", "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    if sys.argv[1] == "probe":
        probe(sys.argv[2])
    elif sys.argv[1] == "digest":
        print(digest(sys.argv[2:]))
    else:
        write(sys.argv[2], sys.argv[3:])
