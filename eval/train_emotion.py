"""Sentiment and emotion heads from GoEmotions (Apache-2.0 / CC BY 4.0)."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, recall_score

import pack
import sets
from features import matrix

SENTIMENTS = ["negative", "neutral", "positive", "mixed"]


def temperature(logits, labels):
    """The slope that makes a softmax's probabilities honest."""
    best = (np.inf, 1.0)
    for slope in np.linspace(0.3, 2.5, 45):
        z = logits * slope
        z = z - z.max(1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        best = min(best, (-np.log(p[np.arange(len(labels)), labels] + 1e-12).mean(), slope))
    return best[1]


def folds(n, k=3):
    return [np.arange(n) % k == i for i in range(k)]


def out_of_fold(fit, x, y):
    z = None
    for test in folds(x.shape[0]):
        got = fit(x[~test], y[~test]).decision_function(x[test])
        if z is None:
            z = np.zeros((x.shape[0], got.shape[1]) if got.ndim > 1 else x.shape[0])
        z[test] = got
    return z


def tune_offsets(z, y, score, start, grid=np.linspace(-1.2, 1.2, 13), rounds=2):
    """Coordinate search for what to add to each class before the largest wins."""
    shift = np.array(start, dtype=float)
    for _ in range(rounds):
        for k in range(len(shift)):
            tried = []
            for d in grid:
                s = shift.copy()
                s[k] += d
                tried.append((score(y, (z + s).argmax(1)), -abs(d), s[k]))
            shift[k] = max(tried)[2]
    return shift


def sentiment(x, labels, emotion_z, emotion_models):
    """Two stages that fold into one linear head: sentiment and emotion sums first, then sentiment from both."""
    y = np.array([SENTIMENTS.index(s) for s in labels])
    fit = lambda a, b: LogisticRegression(C=1.0, class_weight="balanced", max_iter=60, tol=1e-3).fit(a, b)
    below = np.hstack([out_of_fold(fit, x, y), emotion_z])
    top = lambda a, b: LogisticRegression(C=0.3, max_iter=300).fit(a, b)
    z = out_of_fold(top, below, y)
    slope = temperature(z, y)
    z = z * slope
    prior = np.log(np.bincount(y) / len(y))
    three = y != 3
    score3 = lambda a, b: recall_score(a, b, average="macro", labels=[0, 1, 2], zero_division=0)
    start = -prior - (-prior).min()
    first = tune_offsets(z[three][:, :3], y[three], score3, start[:3], np.linspace(-0.6, 0.6, 13))
    score4 = lambda a, b: f1_score(a, b, average="macro")
    mixed = max((score4(y, (z + np.append(first, m)).argmax(1)), m) for m in np.linspace(0, 4, 41))[1]
    shift = np.append(first, mixed)
    print("sentiment out of fold: 3-way recall", round(score3(y[three], (z[three][:, :3] + first).argmax(1)), 4),
          "4-way f1", round(score4(y, (z + shift).argmax(1)), 4), "slope", round(slope, 3), flush=True)
    model, upper = fit(x, y), top(below, y)
    columns = upper.coef_ @ np.vstack([model.coef_, [m.coef_[0] for m in emotion_models]])
    bias = upper.intercept_ + upper.coef_ @ np.concatenate([model.intercept_, [m.intercept_[0] for m in emotion_models]])
    return pack.Head("sentiment", SENTIMENTS, "softmax", columns, bias, slope=slope, shift=shift, keep=40000)


def platt(z, y):
    model = LogisticRegression(C=1e3).fit(z[:, None], y)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def emotions(x, labels, names):
    """One head a name, and its sums out of fold."""
    fit = lambda a, b: LogisticRegression(C=3.0, solver="liblinear", tol=1e-2).fit(a, b)
    slope, shift, threshold, scores, sums, models = [], [], [], [], [], []
    for name in names:
        y = np.array([name in e for e in labels])
        z = out_of_fold(fit, x, y)
        a, b = platt(z, y)
        p = 1 / (1 + np.exp(-(a * z + b)))
        f, t = max((f1_score(y, p > q), q) for q in np.quantile(p, np.linspace(0.4, 0.9995, 120)))
        models.append(fit(x, y))
        slope.append(a); shift.append(b); threshold.append(t); scores.append(f); sums.append(z)
    print("emotions out of fold: macro f1", round(float(np.mean(scores)), 4), flush=True)
    head = pack.Head("emotions", names, "sigmoid", [m.coef_[0] for m in models], [m.intercept_[0] for m in models],
                     slope=slope, shift=shift, threshold=threshold, keep=20000)
    return head, np.stack(sums, 1), models


GROUPS = {
    "anger": ["anger", "annoyance", "disapproval"], "disgust": ["disgust"], "fear": ["fear", "nervousness"],
    "joy": ["admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude", "joy", "love", "optimism",
            "pride", "relief"],
    "sadness": ["disappointment", "embarrassment", "grief", "remorse", "sadness"],
    "surprise": ["confusion", "curiosity", "realization", "surprise"], "neutral": ["neutral"],
}


def groups(x, labels):
    """Ekman's groups, each with a head of its own; the program averages it with the chance that some member is felt."""
    fit = lambda a, b: LogisticRegression(C=3.0, solver="liblinear", tol=1e-2).fit(a, b)
    models, slope, shift, threshold, scores = [], [], [], [], []
    for members in GROUPS.values():
        y = np.array([any(m in e for m in members) for e in labels])
        z = out_of_fold(fit, x, y)
        a, b = platt(z, y)
        p = 1 / (1 + np.exp(-(a * z + b)))
        f, t = max((f1_score(y, p > q), q) for q in np.linspace(0.1, 0.6, 51))
        models.append(fit(x, y))
        slope.append(a); shift.append(b); threshold.append(t); scores.append(f)
    print("emotion groups out of fold: macro f1", round(float(np.mean(scores)), 4), flush=True)
    return pack.Head("emotion_groups", list(GROUPS), "sigmoid", [m.coef_[0] for m in models], [m.intercept_[0] for m in models],
                     slope=slope, shift=shift, threshold=threshold, keep=45000)


def train(folder):
    rows = sets.public(folder, "goemotions/train")
    x = matrix([r["text"] for r in rows])
    named = [i for i, r in enumerate(rows) if r["sentiment"]]
    names = sorted({e for r in rows for e in r["emotions"]})
    head, sums, models = emotions(x, [r["emotions"] for r in rows], names)
    tone = sentiment(x[named], [rows[i]["sentiment"] for i in named], sums[named], models)
    return [tone, head, groups(x, [r["emotions"] for r in rows])]
