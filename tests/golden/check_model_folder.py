#!/usr/bin/env python3
"""Loads a folder that `tamis train` wrote (task mlm) with transformers and compares vectors: mean pooling of the last
layer over some sentences, by transformers and by `tamis embed`; and says what the model guesses for a hidden word.

    python check_model_folder.py FOLDER TAMIS        transformers 5.23, torch 2.15
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
import transformers

TEXTS = ["A sieve parts the fine from the coarse.", "Of or pertaining to the sea.", "To go from one place to another.",
         "The kernel reads the file from the disk.", "x", "Fie!  she said, and left the room in haste; he stayed."]


def main():
    folder, tamis = sys.argv[1:3]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
    rows = []
    with torch.no_grad():
        for text in TEXTS:
            rows.append(model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0).numpy())
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "vectors.npy"
        subprocess.run([tamis, "embed", "--model", folder, "--pooling", "mean", "--out", str(out), "--quiet"],
                       input="\n".join(TEXTS) + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
        own = numpy.load(out)
    difference = numpy.abs(own - numpy.array(rows)).max()
    print(f"largest difference over {len(TEXTS)} texts: {difference:.2e}")
    guesser = transformers.AutoModelForMaskedLM.from_pretrained(folder).eval()
    given = tokenizer("Of or pertaining to the [MASK].", return_tensors="pt")
    with torch.no_grad():
        odds = guesser(**given).logits[0, (given["input_ids"][0] == tokenizer.mask_token_id).nonzero()[0, 0]]
    print("Of or pertaining to the ...:", tokenizer.convert_ids_to_tokens(odds.topk(8).indices.tolist()))
    sys.exit(difference > 1e-4)


if __name__ == "__main__":
    main()
