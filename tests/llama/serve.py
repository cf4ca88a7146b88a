"""Runs a real llama.cpp server over one model file until standard input closes, so that it never outlives its test.

Prints one line, `ready http://127.0.0.1:PORT`, when it accepts requests.

Usage: serve.py MODEL.gguf API_KEY
"""

import sys

import xllamacpp


def main(model: str, key: str) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = ["random"]
    params.api_keys = [key]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 65536
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.n_gpu_layers = 0
    params.embedding = False
    params.endpoint_slots = True
    params.endpoint_metrics = True
    params.warmup = False
    server = xllamacpp.Server(params)
    print(f"ready {server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
