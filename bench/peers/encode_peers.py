"""What `tamis bench encode` is measured against: sentence-transformers, onnxruntime and OpenVINO on the same texts.

  encode_peers.py --engine NAME --model FOLDER --short FILE --long FILE --threads N --seconds S [--precision bf16]

Every engine gets what is best for it: texts sorted by length, the fastest of several batch sizes, fused graphs where it
has them. Tokenisation (Hugging Face's fast tokenizer) is part of every time, pooling and normalising too. Prints one
JSON object: `seconds` by workload (the whole of `short` and `long`; `tokenizer`, `short` through the tokenizer alone on
one thread; `p50` and `p99` of one text at a time; `cold`, a new process from its start to the first vector), `bytes`
(peak memory), `batch` sizes, and for the first texts their vectors.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

BATCHES = (16, 32, 64, 128)


def pooled(hidden, mask):
    """Mean over the tokens that are there, of length 1."""
    weight = mask[:, :, None].astype(np.float32)
    mean = (hidden * weight).sum(1) / weight.sum(1)
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


class SentenceTransformers:
    def __init__(self, arguments):
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers import __version__ as version

        torch.set_num_threads(arguments.threads)
        self.name = f"sentence-transformers {version} (PyTorch {torch.__version__})"
        self.model = SentenceTransformer(arguments.model, device="cpu")
        if arguments.precision == "bf16":
            self.model = self.model.to(torch.bfloat16)

    def encode(self, texts, batch):
        return self.model.encode(texts, batch_size=batch, show_progress_bar=False, normalize_embeddings=True)


class Graph:
    """An engine that runs an exported network: tokenisation, batches and pooling are done here."""

    def prepare(self, arguments):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(pathlib.Path(arguments.model) / "tokenizer.json"))
        self.tokenizer.enable_truncation(arguments.max_length)
        self.tokenizer.enable_padding()
        self.width = json.loads((pathlib.Path(arguments.model) / "config.json").read_text())["hidden_size"]

    def encode(self, texts, batch):
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        out = np.empty((len(texts), self.width), np.float32)
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            encodings = self.tokenizer.encode_batch_fast([texts[i] for i in rows])
            ids = np.array([e.ids for e in encodings], np.int64)
            mask = np.array([e.attention_mask for e in encodings], np.int64)
            out[rows] = pooled(self.run(ids, mask), mask)
        return out


class OnnxRuntime(Graph):
    def __init__(self, arguments):
        import onnxruntime as ort

        self.name = f"onnxruntime {ort.__version__}"
        self.prepare(arguments)
        options = ort.SessionOptions()
        options.intra_op_num_threads = arguments.threads
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = ort.InferenceSession(arguments.graph, options, providers=["CPUExecutionProvider"])
        self.inputs = {i.name for i in self.session.get_inputs()}

    def run(self, ids, mask):
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return self.session.run(None, {k: v for k, v in given.items() if k in self.inputs})[0]


class OpenVino(Graph):
    def __init__(self, arguments):
        import openvino as ov

        self.name = f"OpenVINO {ov.__version__.split('-')[0]}"
        self.prepare(arguments)
        core = ov.Core()
        settings = {
            "INFERENCE_NUM_THREADS": arguments.threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if arguments.precision == "bf16" else "f32",
        }
        self.compiled = core.compile_model(core.read_model(arguments.plain_graph), "CPU", settings)
        self.request = self.compiled.create_infer_request()
        self.names = {n for i in self.compiled.inputs for n in i.get_names()}

    def run(self, ids, mask):
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        result = self.request.infer({k: v for k, v in given.items() if k in self.names}, share_inputs=True)
        return result[0]


ENGINES = {"sentence-transformers": SentenceTransformers, "onnxruntime": OnnxRuntime, "openvino": OpenVino}


def export(arguments):
    """The network as ONNX, once as exported and once with onnxruntime's fused BERT operators; kept beside this file."""
    folder = pathlib.Path(__file__).parent / ".venv" / "graphs" / pathlib.Path(arguments.model).resolve().name
    plain, fused = folder / "plain.onnx", folder / "fused.onnx"
    arguments.plain_graph, arguments.graph = str(plain), str(fused if fused.exists() else plain)
    if plain.exists():
        return
    import torch
    from transformers import AutoConfig, AutoModel

    folder.mkdir(parents=True, exist_ok=True)
    model = AutoModel.from_pretrained(arguments.model, attn_implementation="eager").eval()

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state

    ids = torch.ones(2, 8, dtype=torch.long)
    axes = {n: {0: "batch", 1: "tokens"} for n in ("input_ids", "attention_mask", "token_type_ids", "hidden")}
    torch.onnx.export(
        Hidden(), (ids, ids, torch.zeros_like(ids)), str(plain), opset_version=17, dynamo=False, dynamic_axes=axes,
        input_names=["input_ids", "attention_mask", "token_type_ids"], output_names=["hidden"],
    )
    try:
        from onnxruntime.transformers import optimizer

        config = AutoConfig.from_pretrained(arguments.model)
        better = optimizer.optimize_model(
            str(plain), "bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size
        )
        better.save_model_to_file(str(fused))
        arguments.graph = str(fused)
    except Exception as error:  # the plain graph is measured then
        print(f"encode_peers.py: no fused graph: {error}", file=sys.stderr)


def best_of(call, seconds):
    best, begun = float("inf"), time.perf_counter()
    while best == float("inf") or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def measure(arguments):
    engine = ENGINES[arguments.engine](arguments)
    short = pathlib.Path(arguments.short).read_text().splitlines()
    long = pathlib.Path(arguments.long).read_text().splitlines()
    seconds, batches = {}, {}
    engine.encode(short[:256], 32)
    for name, texts in (("short", short), ("long", long)):
        sample = texts[:: max(1, len(texts) // 512)]
        batches[name] = min(BATCHES, key=lambda b: best_of(lambda: engine.encode(sample, b), 0.2))
        seconds[name] = best_of(lambda: engine.encode(texts, batches[name]), arguments.seconds)
    seconds["tokenizer"] = time_tokenizer(arguments, short)
    taken = []
    for text in short[:500]:
        start = time.perf_counter()
        engine.encode([text], 1)
        taken.append(time.perf_counter() - start)
    seconds["p50"], seconds["p99"] = (float(np.percentile(taken, p)) for p in (50, 99))
    seconds["cold"] = min(cold_start(arguments) for _ in range(3))
    vectors = np.asarray(engine.encode(short[:8], 8), np.float32)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"peer": engine.name, "seconds": seconds, "bytes": {"peak": peak}, "batch": batches,
            "vectors": [[round(float(x), 7) for x in row] for row in vectors]}


def time_tokenizer(arguments, texts):
    """The tokenizer that all three use, alone and on one thread."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(pathlib.Path(arguments.model) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(arguments.max_length)
    before = os.environ["TOKENIZERS_PARALLELISM"]
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    best = best_of(lambda: tokenizer.encode_batch_fast(texts), 1)
    os.environ["TOKENIZERS_PARALLELISM"] = before
    return best


def cold_start(arguments):
    start = time.perf_counter()
    command = [sys.executable, __file__, "--cold", "--engine", arguments.engine, "--model", arguments.model, "--short",
               arguments.short, "--long", arguments.long, "--threads", str(arguments.threads)]
    subprocess.run(command + ["--precision", arguments.precision], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--short", required=True, help="one text a line")
    parser.add_argument("--long", required=True, help="one text a line, of about 256 tokens")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--max-length", type=int, default=256)
    parser.add_argument("--cold", action="store_true", help="encode one text and end")
    arguments = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    os.environ["RAYON_NUM_THREADS"] = str(arguments.threads)
    if arguments.engine != "sentence-transformers":
        export(arguments)
    if arguments.cold:
        ENGINES[arguments.engine](arguments).encode(["A first sentence."], 1)
        return
    # What libraries print on standard output is not the result.
    with tempfile.TemporaryFile("w+") as aside:
        kept = os.dup(1)
        os.dup2(aside.fileno(), 1)
        result = measure(arguments)
        os.dup2(kept, 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
