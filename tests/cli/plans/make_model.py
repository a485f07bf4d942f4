"""Writes the folder `tiny` here: a BERT of two layers with weights drawn at random, as sentence-transformers lays it out.

Its vectors mean nothing; that they come whole, in order and the same every time is what the tests look at.
"""

import json
import pathlib
import random
import struct

WIDTH, FEED_FORWARD, LAYERS, POSITIONS = 16, 32, 2, 32
WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] a the man woman dog plays guitar runs cat ##s ##ing play . , ! ? 一 个 人 1 2 3".split()
WORDS += [letter for letter in "bcdefghijklmnopqrstuvwxyz"] + ["##" + letter for letter in "abcdefghijklmnopqrstuvwxyz"]

rng = random.Random(1)
here = pathlib.Path("tiny")
(here / "1_Pooling").mkdir(parents=True)


def put(name, value):
    (here / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


tensors = {}


def drawn(name, *shape, around=0.0, spread=0.3):
    count = 1
    for size in shape:
        count *= size
    tensors[name] = (shape, struct.pack(f"<{count}f", *(rng.gauss(around, spread) for _ in range(count))))


def linear(name, out, into):
    drawn(name + ".weight", out, into)
    drawn(name + ".bias", out, spread=0.1)


def norm(name):
    drawn(name + ".weight", WIDTH, around=1.0, spread=0.1)
    drawn(name + ".bias", WIDTH, spread=0.1)


drawn("embeddings.word_embeddings.weight", len(WORDS), WIDTH)
drawn("embeddings.position_embeddings.weight", POSITIONS, WIDTH)
drawn("embeddings.token_type_embeddings.weight", 2, WIDTH)
norm("embeddings.LayerNorm")
for layer in range(LAYERS):
    prefix = f"encoder.layer.{layer}."
    for part in ("query", "key", "value"):
        linear(prefix + "attention.self." + part, WIDTH, WIDTH)
    linear(prefix + "attention.output.dense", WIDTH, WIDTH)
    norm(prefix + "attention.output.LayerNorm")
    linear(prefix + "intermediate.dense", FEED_FORWARD, WIDTH)
    linear(prefix + "output.dense", WIDTH, FEED_FORWARD)
    norm(prefix + "output.LayerNorm")
linear("pooler.dense", WIDTH, WIDTH)

head, at = {}, 0
for name, (shape, data) in tensors.items():
    head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
    at += len(data)
text = json.dumps(head).encode()
text += b" " * (-len(text) % 8)
(here / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(d for _, d in tensors.values()))

put("config.json", {"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": WIDTH,
                    "intermediate_size": FEED_FORWARD, "layer_norm_eps": 1e-12, "max_position_embeddings": POSITIONS,
                    "num_attention_heads": 2, "num_hidden_layers": LAYERS, "type_vocab_size": 2,
                    "vocab_size": len(WORDS)})
(here / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
put("tokenizer_config.json", {"do_lower_case": True, "tokenizer_class": "BertTokenizer"})
put("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                     {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])
put("sentence_bert_config.json", {"max_seq_length": 12, "do_lower_case": False})
put("1_Pooling/config.json", {"word_embedding_dimension": WIDTH, "pooling_mode_cls_token": False,
                              "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False,
                              "pooling_mode_mean_sqrt_len_tokens": False})
put("config_sentence_transformers.json", {"prompts": {"query": "a dog ", "passage": ""}, "default_prompt_name": None})
