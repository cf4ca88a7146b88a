"""The hashed feature vector of Recoup's tier-0 heads, the same bits as `ai::local::features`.

A text becomes two sets of buckets, words (1-2) and characters (3-5), 2^16 each. A feature is present or
absent; each set has unit length. `ai`'s test `features_match_the_training_script` holds both sides together.
"""

import numpy as np
from scipy.sparse import csr_matrix

BUCKETS = 1 << 16
HEAD, TAIL = 1500, 500
_U = np.uint32
_PRIME = _U(16777619)
_SEED = {"w": 0x811C9DC5, 3: 0x9E3779B1, 4: 0x85EBCA77, 5: 0xC2B2AE3D}
_SYMBOL = [(0x2000, 0x206F), (0x2190, 0x2BFF), (0x3000, 0x303F), (0xFE00, 0xFE0F), (0xFF00, 0xFF0F), (0x1F000, 0x1FAFF)]


def _is_symbol(c):
    return c < 0x30 or 0x3A <= c <= 0x40 or 0x5B <= c <= 0x60 or 0x7B <= c <= 0xBF or any(a <= c <= b for a, b in _SYMBOL)


def _is_space(c):
    return c <= 0x20 or 0x7F <= c <= 0xA0 or c in (0x2028, 0x2029, 0x202F, 0x3000, 0xFEFF, 0x1680, 0x205F) or 0x2000 <= c <= 0x200F


def normalise(text):
    """Code points: lower case, digits as 0, one space between words, at most three of a kind in a row."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + " " + text[-TAIL:]
    out = [0x20]
    run = 0
    for ch in text:
        c = ord(ch)
        if _is_space(c):
            c = 0x20
        elif 0x31 <= c <= 0x39:
            c = 0x30
        elif c == 0x2019:
            c = 0x27
        elif c > 0x40:
            c = ord(ch.lower()[0])
        if c == out[-1]:
            run += 1
            if run >= 3 or c == 0x20:
                continue
        else:
            run = 0
        out.append(c)
    if out[-1] != 0x20:
        out.append(0x20)
    return out


def _mix(h):
    h = h ^ (h >> _U(15))
    h = h * _U(0x2C1B3C6D)
    return h ^ (h >> _U(12))


_words = {}


def _word_hash(word):
    h = _words.get(word)
    if h is None:
        h = _SEED["w"]
        for c in word:
            h = ((h ^ c) * 16777619) & 0xFFFFFFFF
        _words[word] = h
    return h


def buckets(text):
    """Sorted distinct buckets: words below 2^16, characters from 2^16 on."""
    cps = normalise(text)
    tokens, word = [], []
    for i, c in enumerate(cps):
        joins = c == 0x27 and word and i + 1 < len(cps) and not _is_symbol(cps[i + 1])
        if joins or not _is_symbol(c):
            word.append(c)
            continue
        if word:
            tokens.append(_word_hash(tuple(word)))
            word = []
        if c != 0x20:
            tokens.append(_word_hash((c,)))
    t = np.array(tokens, dtype=_U)
    with np.errstate(over="ignore"):
        parts = [_mix(t) & _U(0xFFFF)]
        if len(t) > 1:
            parts.append(_mix((t[:-1] * _U(31)) ^ t[1:]) & _U(0xFFFF))
        a = np.array(cps, dtype=_U)
        for n in (3, 4, 5):
            if len(a) < n:
                continue
            h = np.full(len(a) - n + 1, _SEED[n], dtype=_U)
            for k in range(n):
                h = (h ^ a[k : len(a) - n + 1 + k]) * _PRIME
            parts.append((_mix(h) & _U(0xFFFF)) + _U(BUCKETS))
    return np.unique(np.concatenate(parts))


def matrix(texts):
    """One row a text; each half has unit length."""
    indptr, indices, data = [0], [], []
    for text in texts:
        b = buckets(text)
        w = int(np.searchsorted(b, BUCKETS))
        values = np.empty(len(b), dtype=np.float32)
        values[:w] = 1 / np.sqrt(max(w, 1))
        values[w:] = 1 / np.sqrt(max(len(b) - w, 1))
        indices.append(b.astype(np.int32))
        data.append(values)
        indptr.append(indptr[-1] + len(b))
    if not texts:
        return csr_matrix((0, 2 * BUCKETS), dtype=np.float32)
    return csr_matrix((np.concatenate(data), np.concatenate(indices), indptr), shape=(len(texts), 2 * BUCKETS))
