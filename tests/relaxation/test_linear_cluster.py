"""The level shor and streamed lifts with their sums on a cluster, against one process."""

from __future__ import annotations

import numpy as np
import pytest
from distributed import Client, LocalCluster

import certnn
from certnn.budget import Budget
from certnn.certificates import certify
from certnn.certificates.directions import cover
from certnn.certificates.regions_certify import certify_regions
from certnn.errors import InputError
from certnn.reading.datasets import random_network_data
from certnn.relaxation.shor import chunks, distributed
from certnn.relaxation.shor.chunks import LocalChunks
from certnn.relaxation.shor.distributed import ClusterChunks, connected
from certnn.relaxation.shor.method import shor_point, shor_point_of_chunks
from certnn.relaxation.streamed import StreamedLifts, method


@pytest.fixture(scope="module")
def client():
    options = {"dashboard_address": ":0", "processes": False}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        assert isinstance(client, Client)
        yield client


@pytest.fixture
def small_chunks(monkeypatch):
    for module in (chunks, distributed):
        monkeypatch.setattr(module, "CHUNK_ROWS", 16)


@pytest.mark.usefixtures("small_chunks")
def test_a_cluster_gives_the_point_of_one_process(client):
    problem = random_network_data(1, 2.0, n=200, d=3, c=2)
    parts = ClusterChunks(client, problem)
    assert len(list(parts.each(sum_of))) == 13
    found = shor_point_of_chunks(parts, problem.reg, Budget())
    expected = shor_point(problem, Budget())
    assert np.allclose(found.Z, expected.Z, rtol=1e-6, atol=1e-6 * np.max(np.abs(expected.Z)))
    proved = (certify(problem, point, {}).bound.rounded for point in (found, expected))
    assert next(proved) == pytest.approx(next(proved), rel=1e-8)


@pytest.mark.usefixtures("small_chunks")
def test_a_cluster_gives_the_lifts_of_one_process(client, monkeypatch):
    monkeypatch.setattr(method, "_SAMPLE", 150)
    problem = random_network_data(1, 40.0, n=200, d=3, c=2)
    local, of = LocalChunks.of(problem.features, problem.Y), cover(2, 1.5, Budget())
    *_, expected = StreamedLifts(local, problem.reg, of, Budget()).points()
    parts = ClusterChunks(client, problem)
    *_, found = StreamedLifts(parts, problem.reg, of, Budget()).points()
    proved = (certify_regions(problem, p.point, {}).bound.rounded for p in (found, expected))
    assert next(proved) == pytest.approx(next(proved), rel=1e-3)


@pytest.mark.usefixtures("small_chunks")
def test_order_of_rows_is_kept(client):
    rows = np.arange(200.0)[:, None]
    parts = ClusterChunks(client, certnn.TrainingProblem(rows, -rows, 1.0))
    assert np.array_equal(np.concatenate(list(parts.each(first_column))), np.arange(200.0))
    assert parts.total(sum_of)[0] == 199 * 100


def first_column(chunk):
    return chunk.rows()[0][:, 0]


def sum_of(chunk):
    return (np.sum(chunk.rows()[0]),)


def test_no_cluster_there():
    with pytest.raises(InputError, match="cluster"):
        connected("tcp://nowhere.invalid:1", patience=0.5)
