"""Distils static token vectors from all-MiniLM-L6-v2.

    python distil.py --model FOLDER --out crates/ai/assets/static-vectors.bin [--dims 256]

Each vocabulary token goes through the model once on its own; the pooled vectors are centred, reduced by principal
components and weighted by log(1 + rank), because the vocabulary is ordered by frequency (Zipf) and frequent tokens say
little. The result is quantised to int8 with one scale a row. The same model gives the same bytes on the same machine.

File: b"RSV1", u32 dims, u32 tokens, then per token u8 length + UTF-8; then f32 scale a token; then int8 rows.
Kept tokens: ASCII and accented Latin words and pieces; MiniLM knows no other script well enough to help.
"""

import argparse
import struct
import unicodedata

import numpy as np

from minilm import MiniLm


def latin(token):
    body = token.removeprefix("##")
    if token.startswith("[") or not body:
        return False
    if not any(c.isalnum() for c in body):
        return False
    return all(c.isascii() or "LATIN" in unicodedata.name(c, "") for c in body)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--model", required=True)
    args.add_argument("--out", required=True)
    args.add_argument("--dims", type=int, default=256)
    args = args.parse_args()

    model = MiniLm(args.model)
    vocabulary = sorted(model.tokenizer.get_vocab().items(), key=lambda kv: kv[1])
    kept = [(t, i) for t, i in vocabulary if latin(t)]
    vectors = []
    for s in range(0, len(kept), 512):
        ids = np.array([[101, i, 102] for _, i in kept[s : s + 512]], np.int64)
        vectors.append(model.pooled(ids, np.ones(ids.shape, np.float32)))
    x = np.concatenate(vectors).astype(np.float64)
    x -= x.mean(0)
    values, basis = np.linalg.eigh(x.T @ x)
    basis = basis[:, np.argsort(-values)[: args.dims]]
    # The sign of a principal component is free; fix it so that two runs give the same bytes.
    basis *= np.sign(basis[np.abs(basis).argmax(0), np.arange(basis.shape[1])])
    x = x @ basis
    rank = np.arange(1, len(kept) + 1)
    x *= np.log1p(rank)[:, None]
    scale = np.abs(x).max(1) / 127.0
    rows = np.clip(np.rint(x / scale[:, None]), -127, 127).astype(np.int8)

    with open(args.out, "wb") as f:
        f.write(b"RSV1" + struct.pack("<II", args.dims, len(kept)))
        for token, _ in kept:
            raw = token.encode()
            f.write(struct.pack("<B", len(raw)) + raw)
        f.write(scale.astype("<f4").tobytes())
        f.write(rows.tobytes())
    print(f"{len(kept)} tokens x {args.dims}")


if __name__ == "__main__":
    main()
