"""Injection and spam heads. Positives: jailbreak_llms (MIT), SMS Spam Collection (CC BY 4.0) and our own lines.
Negatives: BANKING77 (CC BY 4.0), CLINC150 (CC BY 3.0), GoEmotions (Apache-2.0), lingua (Apache-2.0), ham of the SMS set and our own messages."""

import zlib

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

import pack
import sets
from features import BUCKETS, matrix
from train_emotion import platt
from words import LANGUAGES, concepts


# How loud the word lists speak. Lists of spam age with their country, so spam is told by its hashed features alone.
LOUDNESS = {"injection": 0.5, "spam": 0.0}


def benign(folder):
    """Texts nobody should be stopped for, with their languages."""
    english = (
        [r["text"] for r in sets.public(folder, "banking77/train")][::4]
        + [r["text"] for r in sets.public(folder, "clinc150/train_val")][::3]
        + [r["text"] for r in sets.public(folder, "goemotions/train")][::8]
    )
    # Sentences of many languages (lingua's sample, Apache-2.0), so that a foreign language alone raises no suspicion.
    foreign = [(r["text"], r["lang"]) for r in sets.public(folder, "langid/lingua_sample") if r["kind"] == "sentences" and r["lang"] in LANGUAGES]
    own = [(r["text"], r["lang"]) for r in sets.own("messages.train")]
    return [(t, "en") for t in english] + foreign + own * 2


def opening(text):
    """Near-duplicates share it: their first letters, digits as one."""
    return "".join("0" if c.isdigit() else c for c in text.lower() if c.isalnum())[:18]


def binary(name, rows, allowed, keep, threshold_on):
    """`rows` are (text, language, label, weight, source); folds never split texts with the same opening.

    `allowed` is the share of the benign texts of `threshold_on` that may be flagged."""
    texts = [r[0] for r in rows]
    known = concepts(texts, [r[1] for r in rows])
    x = hstack([matrix(texts), csr_matrix(known * LOUDNESS[name])]).tocsr()
    y, w = np.array([r[2] for r in rows]), np.array([r[3] for r in rows], dtype=float)
    source = np.array([r[4] for r in rows])
    groups = np.array([zlib.crc32(opening(t).encode()) % 4 for t in texts])
    fit = lambda at: LogisticRegression(C=100.0, max_iter=300, solver="liblinear").fit(x[at], y[at], sample_weight=w[at])
    z = np.zeros(len(y))
    for k in range(4):
        z[groups == k] = fit(groups != k).decision_function(x[groups == k])
    a, b = platt(z, y)
    p = 1 / (1 + np.exp(-(a * z + b)))
    calm = (y == 0) & np.isin(source, threshold_on)
    threshold = float(np.quantile(p[calm], 1 - allowed))
    for s in sorted(set(source)):
        at = source == s
        print(" ", name, s, "flagged", round(float((p[at] > threshold).mean()), 4), "of", at.sum())
    print(name, "threshold", round(threshold, 4), flush=True)
    model = fit(np.ones(len(y), dtype=bool))
    coef = model.coef_
    return pack.Head(name, [name], "sigmoid", coef[:, : 2 * BUCKETS], model.intercept_, concepts=coef[:, 2 * BUCKETS :] * LOUDNESS[name],
                     slope=[a], shift=[b], threshold=[threshold], keep=keep)


def train(folder):
    calm = benign(folder)
    own = sets.own("injection.train")
    everyday = [(t, l, 0, 1, "benign") for t, l in calm]
    rows = [(r["text"], "en", 1, 1, "jailbreak") for r in sets.public(folder, "prompt_injection/jailbreak_llms_dev")] + everyday
    rows += [(r["text"], r["lang"], r["injection"], 5, "short" if r["injection"] else "look-alike") for r in own]
    injection = binary("injection", rows, 0.006, 40000, ["benign"])
    sms = sets.public(folder, "sms_spam/dev")
    rows = [(r["text"], "en", r["spam"], 1, "spam" if r["spam"] else "ham") for r in sms]
    rows += [(r["text"], "en", 1, 3, "own spam") for r in sets.own("spam.train")]
    rows += [(r["text"], "en", 0, 1, "benign") for name in ("banking77/train", "clinc150/train_val") for r in sets.public(folder, name)[::4]]
    rows += [(r["text"], r["lang"], 0, 3, "benign") for r in sets.own("messages.train")]
    rows += [(r["text"], r["lang"], 0, 1, "benign") for r in own if not r["injection"]]
    junk = binary("spam", rows, 0.0085, 40000, ["ham"])
    return [injection, junk]
