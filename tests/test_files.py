"""Files of users: bad ones refused in one line, good ones written whole or not at all."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest

from certnn.errors import InputError
from certnn.files import load_network, read_npz, save_data, save_network
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem
from certnn.raw_files import read_bytes, write_atomically

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
    with pytest.raises(InputError, match=r"not a readable \.npz"):
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
