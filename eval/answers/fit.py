"""Fits the weights of `ai::answer::confidence` and prints the table that goes into it.

    cargo run -p ai --example answer_features > features.jsonl
    python fit.py features.jsonl words|gist|meaning

Two logistic regressions. `CHOOSE` ranks the candidates of one question and learns from answerable questions only. `SURE`
says whether the chosen one is right; a question the knowledge does not answer counts three times there, because a wrong answer costs
more than a question handed to a human. The figures printed hold one business out at a time.
"""

import collections
import json
import sys

import numpy as np

RIDGE_CHOOSE, RIDGE_SURE, UNANSWERABLE = 1.0, 0.3, 3.0
GIST, MEANING, ABSENT, HUMAN_BELOW = 6, 7, 5, 0.4


def fit(x, y, ridge, weight):
    """Newton's method for ridge logistic regression; the last column is the bias and is not shrunk."""
    a = np.c_[x, np.ones(len(x))]
    w = np.zeros(a.shape[1])
    r = np.eye(a.shape[1]) * ridge
    r[-1, -1] = 1e-6
    for _ in range(60):
        p = 1 / (1 + np.exp(-a @ w))
        gradient = a.T @ (weight * (p - y)) + r @ w
        w -= np.linalg.solve((a * (weight * p * (1 - p))[:, None]).T @ a + r, gradient)
    return w


def chance(x, w):
    return 1 / (1 + np.exp(-(x @ w[:-1] + w[-1])))


class Cases:
    def __init__(self, path, basis):
        rows = [json.loads(line) for line in open(path)]
        rows = [r for r in rows if not r["own"] and (basis == "words" or r["business"].startswith("en"))]
        mask = np.ones(len(rows[0]["features"]))
        mask[{"words": [GIST, MEANING], "gist": [MEANING], "meaning": []}[basis]] = 0
        self.x = np.array([r["features"] for r in rows]) * mask
        self.right = np.array([float(r["right"]) for r in rows])
        self.answerable = np.array([r["answerable"] for r in rows])
        self.business = np.array([r["business"] for r in rows])
        self.questions = collections.OrderedDict()
        for i, r in enumerate(rows):
            self.questions.setdefault((r["business"], r["question"]), []).append(i)

    def chosen(self, choose, businesses):
        p = chance(self.x, choose)
        return [max(v, key=lambda i: p[i]) for k, v in self.questions.items() if k[0] in businesses]

    def learn(self, businesses):
        m = np.isin(self.business, list(businesses)) & self.answerable
        choose = fit(self.x[m], self.right[m], RIDGE_CHOOSE, np.ones(m.sum()))
        top = self.chosen(choose, businesses)
        weight = np.where(self.answerable[top], 1.0, UNANSWERABLE)
        return choose, fit(self.x[top], self.right[top], RIDGE_SURE, weight)

    def judge(self, choose, sure, businesses):
        out = []
        for i in self.chosen(choose, businesses):
            p = float(chance(self.x[i], sure))
            out.append((i, min(p, 0.35) if self.x[i, ABSENT] else p))
        return out

    def report(self, name, judged):
        yes = [(i, p) for i, p in judged if self.answerable[i]]
        no = [(i, p) for i, p in judged if not self.answerable[i]]
        given = [(i, p) for i, p in yes if p >= HUMAN_BELOW]
        good = sum(self.right[i] for i, _ in given)
        refused = sum(p < HUMAN_BELOW for _, p in no)
        bins = collections.defaultdict(list)
        for i, p in judged:
            bins[min(int(p * 10), 9)].append((p, self.right[i]))
        error = sum(abs(sum(p - r for p, r in b)) for b in bins.values()) / len(judged)
        print(f"// {name}: recall {good / len(yes):.3f}, precision {good / len(given):.3f}, refusal {refused / len(no):.3f}, calibration error {error:.3f}")
        for b in sorted(bins):
            print(f"//   {b / 10:.1f}: said {np.mean([p for p, _ in bins[b]]):.2f}, was {np.mean([r for _, r in bins[b]]):.2f} ({len(bins[b])})")


def main():
    cases = Cases(sys.argv[1], sys.argv[2])
    everyone = set(cases.business)
    held_out = []
    for one in sorted(everyone):
        held_out += cases.judge(*cases.learn(everyone - {one}), {one})
    cases.report("held out", held_out)
    for name, w in zip(("choose", "sure"), cases.learn(everyone)):
        print(f"{name}: Weights {{ bias: {w[-1]:.3f}, weights: [{', '.join(f'{v:.3f}' for v in w[:-1])}] }},")


if __name__ == "__main__":
    main()
