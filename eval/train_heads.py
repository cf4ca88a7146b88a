"""Trains every tier-0 head and writes crates/ai/assets/heads.bin.

    python3 eval/train_heads.py DATA_DIR

The same data, words and library versions (eval/requirements.txt) give the same bytes. It also writes the
reference sums that the Rust tests compare with."""

import json
import pathlib
import sys

import numpy as np

import pack
import sets
import train_customer
import train_emotion
import train_guard
from features import buckets, matrix
from words import concepts

AI = pathlib.Path(__file__).parent.parent / "crates/ai"


def reference(heads):
    """Float sums of every head on our own test messages, for `int8_heads_match_the_reference`."""
    rows = sets.own("messages.test")
    texts, languages = [r["text"] for r in rows], [r["lang"] for r in rows]
    x, known = matrix(texts), concepts(texts, languages)
    lines = []
    for i, row in enumerate(rows):
        b = buckets(row["text"])
        line = {"text": row["text"], "lang": row["lang"], "features": len(b), "checksum": int(np.bitwise_xor.reduce(b * np.uint32(2654435761))),
                "concepts": [int(v) for v in np.flatnonzero(known[i])]}
        line["sums"] = {h.name: [round(float(v), 3) for v in h.exact(x[i], known[i])] for h in heads}
        lines.append(json.dumps(line, ensure_ascii=False))
    (AI / "tests/heads_reference.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    folder = sys.argv[1]
    heads = train_emotion.train(folder) + train_customer.train(folder) + train_guard.train(folder)
    size = pack.write(AI / "assets/heads.bin", heads)
    reference(heads)
    print("heads.bin:", size, "bytes")


if __name__ == "__main__":
    main()
