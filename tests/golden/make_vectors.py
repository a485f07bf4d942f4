"""Writes the files in vectors/ beside this file: the same seven vectors of five components as numpy and pyarrow have them.

Made with python 3.11, numpy 2.4.6, pyarrow 26.0.1:
    pip install numpy==2.4.6 pyarrow==26.0.1 && python3 make_vectors.py
f4.npy is what tamis must write byte for byte; so are int8.npy, bits.npy and f4.fvecs. The others it must read.
"""

import pathlib
import struct

import numpy
import pyarrow
from pyarrow import parquet

HERE = pathlib.Path(__file__).parent / "vectors"
HERE.mkdir(exist_ok=True)

values = numpy.array([[0.25, -1.5, 3.0, 0.1, -0.0],
                      [1e-30, 2e-30, -3e-30, 0, 5e-31],
                      [0, 0, 0, 0, 0],
                      [3.4e38, -3.4e38, 1e38, 2, -7],
                      [1, 2, 3, 4, 5],
                      [-0.0625, 0.5, 0.49803922, -0.5, 0.001],
                      [127, -127, 63.5, 64.5, 1.5]], dtype="<f4")

numpy.save(HERE / "f4.npy", values)
numpy.save(HERE / "f8.npy", values.astype("<f8"))
numpy.save(HERE / "fortran.npy", numpy.asfortranarray(values))
numpy.save(HERE / "big.npy", values.astype(">f4"))
numpy.save(HERE / "flat.npy", values[4])
numpy.save(HERE / "text.npy", numpy.array([["a", "b"]]))
with (HERE / "v2.npy").open("wb") as file:
    numpy.lib.format.write_array(file, values, version=(2, 0))

largest = numpy.abs(values.astype("f8")).max(axis=1, keepdims=True)
factor = numpy.where(largest > 0, 127 / numpy.where(largest > 0, largest, 1), 0)
int8 = numpy.rint(values.astype("f8") * factor).astype("i1")
numpy.save(HERE / "int8.npy", int8)
bits = numpy.packbits(values > 0, axis=1)
numpy.save(HERE / "bits.npy", bits)

with (HERE / "f4.fvecs").open("wb") as file:
    for row in values:
        file.write(struct.pack("<i", len(row)) + row.tobytes())

fixed = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(values.ravel()), 5)
number = pyarrow.array(range(7))
parquet.write_table(pyarrow.table({"row": number, "vector": fixed}), HERE / "fixed.parquet", row_group_size=3)
parquet.write_table(pyarrow.table({"vector": pyarrow.array(values.astype("f8").tolist()), "row": number}),
                    HERE / "list.parquet", row_group_size=2)
lists = values.tolist()
parquet.write_table(pyarrow.table({"vector": pyarrow.array([lists[0], lists[1][:4]])}), HERE / "uneven.parquet")
parquet.write_table(pyarrow.table({"vector": pyarrow.array([lists[0], None])}), HERE / "null.parquet")
parquet.write_table(pyarrow.table({"vector": pyarrow.array(["a", "b"])}), HERE / "text.parquet")
parquet.write_table(pyarrow.table({"score": pyarrow.array([1.0, 2.0])}), HERE / "none.parquet")
