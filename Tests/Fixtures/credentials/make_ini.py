#!/usr/bin/env python3
"""Records what Python's configparser reads in random INI texts, good and bad.

    python3 make_ini.py > ini.json        # CPython 3.11

Each case is a text with the sections that configparser finds (`[DEFAULT]` apart, values without interpolation), or `null` when
it refuses the text.
"""
import configparser
import json
import random
import sys

SEED = 20261122
GOOD = [
    "[DEFAULT]", "host = h", "HOST: other", "token=a=b:c", "token:", "  deeper", "\tdeeper = x", "", "   ", "# comment",
    "  ; comment", "key with space = v  ", "k = v ; not a comment", "k%d = %(host)s 100%%", "p\u00e9 = \u00e9",
    "u = \u2003wide\u2003", "q = 'quoted'", "[host]", "[k = b]", "[p\u00f6 k]y]",
]
BAD = ["[]", "[dev", " [dev]", "[dev]", "= nothing", "no separator", "key"]


def read(text):
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {"DEFAULT": dict(parser.defaults()), "sections": {name: dict(values) for name, values in parser._sections.items()}}


def main():
    rng = random.Random(SEED)
    cases = []
    while len(cases) < 400:
        lines = [rng.choice(GOOD if rng.random() < 0.95 else BAD) for _ in range(rng.randint(1, 9))]
        # Most texts begin with a section, so that they are read further.
        if rng.random() < 0.95:
            lines.insert(0, rng.choice(["[DEFAULT]", "[dev]"]))
        # Keys that differ, so that a second one does not end most cases.
        for n in range(len(lines)):
            for word in ["host", "HOST", "token", "key", "k ", "k%d", "p\u00e9", "u ", "q "]:
                if rng.random() < 0.95:
                    lines[n] = lines[n].replace(word, f"{word.strip()}{n} ")
        end = rng.choice(["\n", "\n", "\r\n", "\r"])
        text = end.join(lines) + rng.choice(["", end])
        # As a file is read: every line ending becomes a line feed.
        verdict = read(text.replace("\r\n", "\n").replace("\r", "\n"))
        cases.append({"text": text, "verdict": verdict})
    json.dump({"python": sys.version.split()[0], "seed": SEED, "cases": cases}, sys.stdout, indent=1)
    print()


main()
