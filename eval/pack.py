"""Quantises heads to int8 and writes `heads.bin`: a JSON line about every head, then one column a class, deflated."""

import json
import zlib

import numpy as np


class Head:
    """A linear head: `columns` is classes × 131072; `concepts` is classes × concept features, or None."""

    def __init__(self, name, classes, link, columns, bias, concepts=None, slope=1.0, shift=None, threshold=None, keep=None):
        self.name, self.classes, self.link = name, classes, link
        columns = np.asarray(columns, dtype=np.float64).copy()
        if keep:
            for row in columns:
                if np.count_nonzero(row) > keep:
                    row[np.abs(row) < np.partition(np.abs(row), -keep)[-keep]] = 0
        self.float_columns = columns
        # Squares of 0 to 11: fine steps for the many small weights, room for the few large ones, and it packs well.
        top = np.maximum(np.abs(columns).max(axis=1, keepdims=True), 1e-9)
        self.scale = top[:, 0] / 121
        self.q = (np.sign(columns) * np.rint(np.sqrt(np.abs(columns) / top) * 11) ** 2).astype(np.int8)
        self.bias = np.asarray(bias, dtype=np.float64)
        self.concepts = None if concepts is None else np.asarray(concepts, dtype=np.float64)
        self.slope = np.broadcast_to(np.asarray(slope, dtype=np.float64), (len(classes),))
        self.shift = np.zeros(len(classes)) if shift is None else np.asarray(shift, dtype=np.float64)
        self.threshold = np.zeros(len(classes)) if threshold is None else np.asarray(threshold, dtype=np.float64)

    def logits(self, x, concepts=None):
        z = (x @ self.q.astype(np.float32).T) * self.scale + self.bias
        return z if self.concepts is None else z + concepts @ self.concepts.T

    def exact(self, x, concepts):
        """The sums before quantisation, for one text."""
        z = np.asarray(x @ self.float_columns.T).ravel() + self.bias
        return z if self.concepts is None else z + self.concepts @ concepts

    def header(self):
        short = lambda a: [float(f"{v:.6g}") for v in np.ravel(a)]
        return {
            "name": self.name, "classes": self.classes, "link": self.link, "scale": short(self.scale),
            "bias": short(self.bias), "slope": short(self.slope), "shift": short(self.shift),
            "threshold": short(self.threshold), "concepts": [] if self.concepts is None else short(self.concepts),
        }


def write(path, heads):
    header = json.dumps([h.header() for h in heads], separators=(",", ":")).encode()
    body = b"".join(h.q.tobytes() for h in heads)
    packed = zlib.compress(len(header).to_bytes(4, "little") + header + body, 9)
    path.write_bytes(packed)
    return len(packed)
