"""all-MiniLM-L6-v2 in plain NumPy: the reference that the Rust encoder is checked against.

Deliberately free of any deep-learning framework, so that it is an independent second implementation: read the
weights, run six BERT layers, take the mean over the tokens, divide by the length.
"""

import math
import pathlib

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

MAX_TOKENS = 256


def erf(x):
    """Abramowitz and Stegun 7.1.26; absolute error below 1.5e-7."""
    sign, x = np.sign(x), np.abs(x)
    t = 1.0 / (1.0 + 0.3275911 * x)
    poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
    return sign * (1.0 - poly * np.exp(-x * x))


class MiniLm:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.w = {k: v.astype(np.float32) for k, v in load_file(folder / "model.safetensors").items() if v.dtype.kind == "f"}
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)

    def linear(self, x, name):
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def norm(self, x, name):
        mean = x.mean(-1, keepdims=True)
        var = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(var + 1e-12) * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def hidden(self, ids, mask):
        """Last hidden states for a batch of equally long id rows; `mask` is 1 for real tokens."""
        b, t = ids.shape
        x = self.w["embeddings.word_embeddings.weight"][ids]
        x = x + self.w["embeddings.position_embeddings.weight"][:t] + self.w["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        bias = (1.0 - mask[:, None, None, :]) * -1e9
        for i in range(6):
            p = f"encoder.layer.{i}"
            q, k, v = (
                self.linear(x, f"{p}.attention.self.{n}").reshape(b, t, 12, 32).transpose(0, 2, 1, 3)
                for n in ("query", "key", "value")
            )
            s = q @ k.transpose(0, 1, 3, 2) / math.sqrt(32) + bias
            s = np.exp(s - s.max(-1, keepdims=True))
            s /= s.sum(-1, keepdims=True)
            a = (s @ v).transpose(0, 2, 1, 3).reshape(b, t, 384)
            x = self.norm(x + self.linear(a, f"{p}.attention.output.dense"), f"{p}.attention.output.LayerNorm")
            h = self.linear(x, f"{p}.intermediate.dense")
            h = h * 0.5 * (1.0 + erf(h / math.sqrt(2)))
            x = self.norm(x + self.linear(h, f"{p}.output.dense"), f"{p}.output.LayerNorm")
        return x

    def pooled(self, ids, mask):
        h = self.hidden(ids, mask)
        return (h * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)

    def embed(self, texts, batch=16):
        """Unit vectors, in the order of `texts`."""
        encoded = [self.tokenizer.encode(t).ids for t in texts]
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))
        out = np.zeros((len(texts), 384), np.float32)
        for s in range(0, len(order), batch):
            rows = order[s : s + batch]
            width = max(len(encoded[i]) for i in rows)
            ids = np.zeros((len(rows), width), np.int64)
            mask = np.zeros((len(rows), width), np.float32)
            for r, i in enumerate(rows):
                ids[r, : len(encoded[i])] = encoded[i]
                mask[r, : len(encoded[i])] = 1
            out[rows] = self.pooled(ids, mask)
        return out / np.linalg.norm(out, axis=1, keepdims=True)
