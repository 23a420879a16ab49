"""Adds recorded models to this folder and says how close our answers are: python3 choose.py CORPUS SKIFF

Of every specification of CORPUS the smallest model of two library generations, in turn, is copied here, unless one of that specification
and generation is here already, as long as all stay below 5.4 MB. Then `cases.txt` is written anew for all that is here: `exact` (the same
bits), `1e-12` (within that, relative), or `refused`. The tests read it as a promise, so look at what changes in it.
"""

import collections
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
import parity  # noqa: E402

LIMIT = 5_400_000
GENERATIONS = ["c132", "c152", "c172", "c191"]


def size(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def folders(place):
    return sorted(file.parent for file in place.glob("*/expected.json"))


def add(corpus):
    """Copies the smallest models of what is not here yet."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for folder in folders(corpus):
        generation, specification, _ = folder.name.split("__")
        found[specification][generation].append((size(folder), folder))
    here = {tuple(folder.name.split("__")[:2]) for folder in folders(HERE)}
    total = size(HERE)
    for turn in (0, 2):
        for number, (specification, generations) in enumerate(sorted(found.items())):
            for step in range(2):
                generation = GENERATIONS[(number + turn + step) % len(GENERATIONS)]
                if (generation, specification) in here:
                    break
                if generation not in generations:
                    continue
                bytes_, folder = min(generations[generation])
                if total + bytes_ > LIMIT:
                    print(f"left out {folder.name}: {bytes_:,} bytes")
                    break
                shutil.copytree(folder, HERE / folder.name)
                here.add((generation, specification))
                total += bytes_
                break


def main():
    add(pathlib.Path(sys.argv[1]))
    skiff = str(pathlib.Path(sys.argv[2]).resolve())
    lines = []
    for folder in folders(HERE):
        row = parity.judge(skiff, folder, "/tmp")
        if row.state == "WRONG":
            raise SystemExit(f"{folder.name}: {row.words}")
        if row.state == "refused" and not row.meta["fallback_expected"]:
            print(f"refused {folder.name}: {row.words}")
        word = "refused" if row.state == "refused" else "exact" if row.difference == 0 else "1e-12"
        lines.append(f"{folder.name} {word}\n")
    (HERE / "cases.txt").write_text("".join(lines))
    print(f"{len(lines)} models, {size(HERE):,} bytes")


if __name__ == "__main__":
    main()
