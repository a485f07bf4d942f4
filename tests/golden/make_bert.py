#!/usr/bin/env python3
"""Writes tests/golden/bert/: small BERT and DistilBERT models as transformers saves them, and what they compute.

  make_bert.py            (with torch 2.15.0, transformers 5.23.0, safetensors 0.8.0)

The same BERT weights stand in several forms: f32, f16, bf16, in two files with an index, and under a prefix with the
names that TensorFlow checkpoints have. hidden.json holds the outputs of every layer in float64, of the f32 weights.
"""

import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

FOLDER = pathlib.Path(__file__).parent / "bert"
SEQUENCES = [[2, 5, 6, 3], [2, 3], [2, 9, 8, 7, 30, 31, 5, 5, 17, 22, 3]]


def drawn(model):
    torch.manual_seed(3)
    for name, parameter in model.named_parameters():
        scale = 0.3 if parameter.dim() > 1 else 0.2
        parameter.data = torch.randn(parameter.shape) * scale + (1.0 if name.endswith("LayerNorm.weight") or
                                                                 "layer_norm.weight" in name else 0.0)
    return model.eval()


def outputs(model):
    model = model.double()
    rows = []
    for ids in SEQUENCES:
        with torch.no_grad():
            result = model(torch.tensor([ids]), output_hidden_states=True)
        row = {"ids": ids, "hidden": [[round(x, 12) for x in h[0].flatten().tolist()] for h in result.hidden_states]}
        if getattr(result, "pooler_output", None) is not None:
            row["pooler"] = [round(x, 12) for x in result.pooler_output[0].tolist()]
        rows.append(row)
    model.float()
    return rows


def save(name, config, weights):
    folder = FOLDER / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config) + "\n")
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / "model.safetensors")
    return folder


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    sizes = {"vocab_size": 40, "max_position_embeddings": 20}
    bert = dict(sizes, model_type="bert", hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                intermediate_size=32, type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu")
    distil = dict(sizes, model_type="distilbert", dim=16, n_layers=2, n_heads=4, hidden_dim=32, activation="gelu")
    expected = {}
    model = drawn(BertModel(BertConfig(**{k: v for k, v in bert.items() if k != "model_type"}, attn_implementation="eager")))
    weights = model.state_dict()
    expected["bert"] = outputs(model)
    save("bert", bert, weights)
    save("bert_f16", bert, {k: v.half() for k, v in weights.items()})
    save("bert_bf16", bert, {k: v.bfloat16() for k, v in weights.items()})
    for form, kind in (("bert_f16", torch.float16), ("bert_bf16", torch.bfloat16)):
        model.load_state_dict({k: v.to(kind).float() for k, v in weights.items()})
        expected[form] = outputs(model)[:1]
    named = {"bert." + k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v
             for k, v in weights.items()}
    save("bert_named", {**bert, "model_type": None, "architectures": ["BertForMaskedLM"]}, named)
    folder = save("bert_sharded", bert, {})
    (folder / "model.safetensors").unlink()
    index = {}
    for i, part in enumerate((list(weights)[::2], list(weights)[1::2])):
        file = f"model-{i + 1:05}-of-00002.safetensors"
        save_file({k: weights[k].contiguous() for k in part}, folder / file)
        index |= {k: file for k in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}) + "\n")
    tanh = {**bert, "hidden_act": "gelu_new"}
    model = BertModel(BertConfig(**{k: v for k, v in tanh.items() if k != "model_type"}, attn_implementation="eager"))
    model.load_state_dict(weights)
    expected["bert_tanh"] = outputs(model.eval())[:1]
    model = drawn(DistilBertModel(DistilBertConfig(**{k: v for k, v in distil.items() if k != "model_type"}, attn_implementation="eager")))
    expected["distilbert"] = outputs(model)
    save("distilbert", distil, model.state_dict())
    (FOLDER / "hidden.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


main()
