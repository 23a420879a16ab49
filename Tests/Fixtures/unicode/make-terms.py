#!/usr/bin/env python3
"""Records what scikit-learn's analyzers make of random texts: python make-terms.py > terms.json (scikit-learn 1.1 to 1.9).

Each case is the number of a text, the number of a set of rules, how many terms there are, and the sum of their hashes
(MurmurHash3 with seed 0) modulo 2**32, which no term too few, too many or spelled otherwise leaves as it is.
"""
import json
import random
import unicodedata

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import murmurhash3_32

RULES = [
    {},
    {"lowercase": False, "token_pattern": r"\w+"},
    {"ngram_range": (1, 3), "stop_words": ["the", "and", "it", "bad"]},
    {"strip_accents": "unicode", "token_pattern": r"(?u)\b\w+\b"},
    {"strip_accents": "ascii", "ngram_range": (1, 2)},
    {"lowercase": False, "strip_accents": "unicode", "analyzer": "char", "ngram_range": (2, 2)},
    {"analyzer": "char", "ngram_range": (1, 3)},
    {"analyzer": "char_wb", "ngram_range": (2, 4)},
    {"analyzer": "char_wb", "ngram_range": (5, 7), "strip_accents": "ascii"},
    {"token_pattern": r"\S+", "ngram_range": (2, 2)},
    {"token_pattern": r"[a-zA-Z]+", "lowercase": False},
    {"token_pattern": r"\b[a-z]{2,}\b"},
    {"token_pattern": r"(?u)\b[a-zA-Z0-9][a-zA-Z0-9]+\b", "lowercase": False},
    {"token_pattern": r"[a-z0-9]{3,}", "strip_accents": "unicode"},
]
CHANGED = {0x55F, 0x1734}
old = unicodedata.ucd_3_2_0


def is_stable(code):
    """A character since Unicode 3.2 that has not changed its case, class or decomposition since then."""
    letter = chr(code)
    return (
        not 0xD800 <= code < 0xE000 and code not in CHANGED and old.category(letter) == unicodedata.category(letter)
        and old.category(letter) not in ("Cn", "Cs", "Co") and old.normalize("NFKD", letter) == unicodedata.normalize("NFKD", letter))


STABLE = [code for code in range(0x30000) if is_stable(code)]
CASED = [code for code in STABLE if chr(code).lower() != chr(code)]
MARKS = [code for code in STABLE if unicodedata.combining(chr(code))]
SPACES = [code for code in STABLE if chr(code).isspace()]
FOLDED = [code for code in STABLE if unicodedata.normalize("NFKD", chr(code)) != chr(code) and not 0xAC00 <= code <= 0xD7A3]
WORDS = "the and of a I good BAD x1 it's İ I\u0307 ΑΣ ΑΣΑ Σ. 'Σ' ΑΣ\u0301 Α.Σ Α:Σ\u00ad Σ\u00adΑ ǅ ß ẞ ﬃ Ａ１ 한국어 각 日本 मस्ते ①② ½ªº _ __ a_b".split(" ")


def text(rng):
    """A few pieces: words, letters of one kind, and what stands between words."""
    parts = []
    for _ in range(rng.choice([0, 1, 2, 4, 8, 16])):
        kind = rng.randrange(7)
        table = [None, STABLE, CASED, MARKS, FOLDED, range(0x20, 0x250), range(0x370, 0x530)][kind]
        if table is None:
            parts.append(rng.choice(WORDS))
        else:
            codes = [code for code in rng.choices(table, k=rng.randrange(1, 5)) if table not in (range(0x20, 0x250), range(0x370, 0x530)) or is_stable(code)]
            parts.append("".join(map(chr, codes)))
        parts.append(rng.choice(["", "", " ", " ", "  ", "-", chr(rng.choice(SPACES)), chr(rng.choice(SPACES)) * 2]))
    return "".join(parts)


def main():
    rng = random.Random(1)
    analyzers = [CountVectorizer(**rules).build_analyzer() for rules in RULES]
    texts, cases = [], []
    for number in range(800):
        texts.append(text(rng))
        for rule in rng.sample(range(len(RULES)), 3):
            terms = analyzers[rule](texts[-1])
            total = sum(murmurhash3_32(term.encode(), seed=0, positive=True) for term in terms)
            cases.append([number, rule, len(terms), total % 2**32])
    rules = [{key: str(value) if isinstance(value, bool) else value for key, value in rule.items()} for rule in RULES]
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in texts)
    rows = ",\n".join(",".join(json.dumps(case, separators=(",", ":")) for case in cases[at : at + 8]) for at in range(0, len(cases), 8))
    print('{"rules": ' + json.dumps(rules) + ',\n"texts": [\n' + lines + '\n],\n"cases": [\n' + rows + "\n]}")


if __name__ == "__main__":
    main()
