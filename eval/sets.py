"""Reads the public sets from the data folder and the project's own messages."""

import gzip
import json
import pathlib

OWN = pathlib.Path(__file__).parent / "own"


def public(folder, name):
    with gzip.open(pathlib.Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def own(name):
    path = OWN / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
