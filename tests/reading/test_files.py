"""Files of users: bad ones refused in one line, good ones written whole or not at all."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certnn.atomic_files import read_bytes, unique_keys, write_atomically
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading import npz as files
from certnn.reading.data import read_data
from certnn.reading.npz import load_network, read_npz, save_data, save_network

NETWORK = TwoLayerNetwork([[1.0, -2.5]], [[0.1], [3.0]])


def test_network_there_and_back(tmp_path):
    save_network(tmp_path / "net.npz", NETWORK)
    loaded = load_network(tmp_path / "net.npz")
    assert np.array_equal(loaded.U, NETWORK.U)
    assert np.array_equal(loaded.V, NETWORK.V)


def test_data_there_and_back(tmp_path):
    problem = TrainingProblem([[0.1, -0.0], [1e-90, 7.0]], [[1], [2]], 0.1)
    save_data(tmp_path / "data.npz", problem)
    assert TrainingProblem(*read_npz(tmp_path / "data.npz", ("X", "Y")), 0.1) == problem


def _zip_of(name, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def _npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


class _Trap:
    def __reduce__(self):
        return os.mkdir, ("this-was-unpickled",)


BAD_NPZ = {
    "empty file": b"",
    "text": b"these are not arrays\n",
    "truncated zip": _npz(U=np.eye(3), V=np.eye(3))[:-40],
    "cut in the middle": _npz(U=np.eye(30), V=np.eye(30))[:900],
    "npy": _npy(np.eye(2)),
    "pickle": b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00]\x94.",
    "zip without arrays": _zip_of("readme.txt", "hello"),
    "array that is text": _zip_of("U.npy", "hello"),
    "Python objects": _npz(U=np.array([[_Trap()]], dtype=object), V=np.eye(2)),
    "missing V": _npz(U=np.eye(2)),
}


@pytest.mark.parametrize("kind", BAD_NPZ)
def test_bad_npz_is_refused_by_name(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.npz"
    path.write_bytes(BAD_NPZ[kind])
    with pytest.raises(InputError) as caught:
        load_network(path)
    assert caught.value.argument == str(path)
    assert "\n" not in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.npz"]


def test_missing_array_is_named(tmp_path):
    (tmp_path / "net.npz").write_bytes(BAD_NPZ["missing V"])
    with pytest.raises(InputError, match=r"has no array V \(it has U\)"):
        load_network(tmp_path / "net.npz")


def test_flipped_bit_is_noticed(tmp_path):
    whole = bytearray(_npz(U=np.arange(400.0).reshape(1, -1), V=np.ones((400, 1))))
    whole[1000] ^= 1
    (tmp_path / "net.npz").write_bytes(whole)
    with pytest.raises(InputError, match=r"entry U\.npy cannot be read: Bad CRC-32"):
        load_network(tmp_path / "net.npz")


@pytest.mark.parametrize("read", [load_network, lambda path: read_bytes(path, 100)])
def test_no_such_file(tmp_path, read):
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "nothing.npz")
    with pytest.raises(InputError, match="is not a file"):
        read(tmp_path)


def test_read_bytes_keeps_to_its_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(InputError, match="larger than 4 bytes"):
        read_bytes(path, 4)


def test_write_replaces(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    write_atomically(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("moment", ["replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch, moment, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*arguments):
        raise error

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises((InputError, KeyboardInterrupt)) as caught:
        write_atomically(path, b"new")
    if isinstance(error, OSError):
        assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    else:
        assert caught.type is KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_write_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "missing" / "file", tmp_path / "file" / "below", tmp_path):
        with pytest.raises(InputError, match="cannot be written"):
            write_atomically(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b""


def _claimed(shape, descr="<f8", content=b"\0" * 16):
    """An .npy file whose header says what it likes of so few numbers."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() + content


PROMISES = {
    "more than there is": _claimed("(3, 1)"),
    "less than there is": _claimed("(1, 1)"),
    "a gigabyte": _claimed(f"({1 << 27}, 1)"),
    "products that wrap around": _claimed(f"({1 << 32}, {1 << 32})"),
    "longer than any integer": _claimed(f"({'9' * 300}, 1)"),
    "empty and endless": _claimed(f"({'9' * 30}, 0)", content=b""),
    "negative": _claimed("(-2, -1)"),
    "negative and positive": _claimed("(-2, 1)"),
    "truth values": _claimed("(True, 2)"),
    "a thousand dimensions": _claimed("(2, " + "1, " * 1000 + ")"),
    "numbers without bytes": _claimed("(9999999, 9999999)", "|V0", b""),
    "complex": _claimed("(1, 1)", "<c16"),
    "objects": _claimed("(2, 1)", "|O"),
    "no type": _claimed("(2, 1)", "nonsense"),
    "half a header": _claimed("(2, 1)")[:40],
    "another version": b"\x93NUMPY\x07\0" + _claimed("(2, 1)")[8:],
    "a header of gigabytes": b"\x93NUMPY\2\0" + b"\xff" * 4 + _claimed("(2, 1)")[10:],
    "deep header": _claimed("(" * 300 + ")" * 300),
}


@pytest.mark.parametrize("what", PROMISES)
@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_headers_that_promise_another_array(tmp_path, what, suffix):
    """Refused in one line that names the file, without the memory that they ask for."""
    path, targets = tmp_path / f"data.{suffix}", None
    if suffix == "npz":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("X.npy", PROMISES[what])
            archive.writestr("Y.npy", _npy(np.ones((2, 1))))
    else:
        path.write_bytes(PROMISES[what])
        targets = tmp_path / "targets.npy"
        np.save(targets, np.ones((2, 1)))
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            read_data(path, targets)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.argument == str(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < len(str(path)) + 200
    assert peak < 1 << 24


def test_a_header_of_the_second_version_is_read(tmp_path):
    with (tmp_path / "X.npy").open("wb") as stream:
        np.lib.format.write_array(stream, np.ones((2, 1)), (2, 0))
    x, _ = read_data(tmp_path / "X.npy", tmp_path / "X.npy")
    assert np.array_equal(x, np.ones((2, 1)))


@pytest.mark.parametrize("dtype", ["f8", ">f8", "f4", "i8", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_real_numbers_are_read_as_numpy_reads_them(tmp_path, dtype, order):
    X = np.asarray(np.arange(12).reshape(4, 3) % 5, dtype=dtype, order=order)
    np.savez_compressed(tmp_path / "data.npz", X=X, Y=X[:, :1])
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "Y.npy", X[:, :1])
    for found in (
        read_data(tmp_path / "data.npz"),
        read_data(tmp_path / "X.npy", tmp_path / "Y.npy"),
    ):
        for array, expected in zip(found, (X, X[:, :1]), strict=True):
            assert array.dtype == expected.dtype
            assert np.array_equal(array, expected)


def test_a_network_without_neurons_is_read(tmp_path):
    save_network(tmp_path / "net.npz", TwoLayerNetwork(np.empty((3, 0)), np.empty((0, 2))))
    loaded = load_network(tmp_path / "net.npz")
    assert (loaded.U.shape, loaded.V.shape) == ((3, 0), (0, 2))


@pytest.mark.parametrize("read", [load_network, lambda path: read_data(path)])
def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch, read):
    """More than the limit only where it takes as much on disk."""
    monkeypatch.setattr(files, "LARGEST_CONTENT", 1 << 20)
    long = np.ones((1, 200_000))
    arrays = {"U": long, "V": long.T, "X": long, "Y": long}
    np.savez(tmp_path / "stored.npz", **arrays)
    np.savez_compressed(tmp_path / "bomb.npz", **arrays)
    read(tmp_path / "stored.npz")
    with pytest.raises(InputError, match="would unpack to more than 1048576 bytes"):
        read(tmp_path / "bomb.npz")


def test_an_entry_that_is_longer_than_its_directory_says(tmp_path):
    """The size in the directory is what is read at most."""
    content = bytearray(_npz(U=np.ones((2, 3)), V=np.ones((3, 1))))
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x01\x02"))
    (size,) = struct.unpack_from("<L", content, at + 24)
    struct.pack_into("<L", content, at + 24, size - 8)
    (tmp_path / "net.npz").write_bytes(content)
    with pytest.raises(InputError):
        load_network(tmp_path / "net.npz")


def test_two_arrays_of_the_same_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("U.npy", "U.npy", "V.npy"):
            archive.writestr(name, _npy(np.ones((1, 1))))
    with pytest.raises(InputError, match="two entries of the same name"):
        load_network(tmp_path / "net.npz")


@given(st.dictionaries(st.text(max_size=3), st.integers(), min_size=1), st.data())
def test_a_key_given_twice_is_refused(pairs, data):
    items = list(pairs.items())
    assert unique_keys(items) == pairs
    again = data.draw(st.sampled_from(items))
    with pytest.raises(InputError, match="is given twice"):
        unique_keys([*items, again])
