"""Time of the extracted checker: python tests/benchmarks/extracted_checker.py

Certificates with a dense matrix of multipliers, of order 250 and 500, one of level shor of order
1998, the partition that proves iris at reg 0.1 to a thousandth, lifts and cells of it, phases of 40
random points, and with --data FOLDER, which has banknote.csv, cells of banknote; and what the
kernel takes.
`bash proofs/build_checker.sh` makes the program; `certnn[verified]` runs the same in JavaScript.
Times are of the processor.
"""

import argparse
import resource
import subprocess
import time

import numpy as np
from cells_speed import banknote_certificate
from kernel_speed import dense_certificate

import certnn
from certnn.certificates import extracted_checker as verified
from certnn.certificates.web_checker import javascript_checker
from certnn.reading.datasets import iris


def sparse_certificate():
    draw = np.random.default_rng(0)
    problem = certnn.TrainingProblem(
        draw.standard_normal((1990, 5)), draw.standard_normal((1990, 3)), 1.0
    )
    return certnn.lower_bound(problem, level="shor").certificate


def partition_certificate():
    return certnn.train(iris(0.1), gap=1e-3, work_limit=60.0).certificate


def lifts_certificate():
    return certnn.lower_bound(iris(0.1), level="lifts(3)").certificate


def cells_certificate():
    return certnn.lower_bound(iris(0.1), level="cells", gap=0.2, work_limit=10.0).certificate


def phases_certificate():
    draw = np.random.default_rng(0)
    x = draw.standard_normal((40, 6))
    positive = x @ draw.standard_normal(6) + 0.5 * draw.standard_normal(40) > 0
    problem = certnn.TrainingProblem(x, np.stack([positive, ~positive], 1).astype(float), 0.1, True)
    return certnn.train(problem, gap=0.01, level="phases", work_limit=30.0).certificate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="FOLDER", help="with banknote.csv")
    options = parser.parse_args()
    checker = verified.find_checker()
    in_javascript = javascript_checker()
    certificates = [
        ("dense, order 250", dense_certificate(240, 7, 3)),
        ("dense, order 500", dense_certificate(475, 20, 5)),
        ("shor, order 1998", sparse_certificate()),
        ("partition of iris", partition_certificate()),
        ("lifts(3) of iris", lifts_certificate()),
        ("cells of iris", cells_certificate()),
        ("phases of 40 points", phases_certificate()),
    ]
    if options.data:
        certificates.append(("cells of banknote", banknote_certificate(options.data)))
    for name, certificate in certificates:
        start = time.process_time()
        certificate.check()
        kernel_seconds = time.process_time() - start
        start = time.process_time()
        line = verified.integer_form(certificate.document)
        written = time.process_time() - start
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = subprocess.run([checker], input=line + b"\n", capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.process_time()
        if in_javascript(line) != said.stdout.decode().rstrip():
            raise SystemExit(f"{name}: another verdict in JavaScript")
        javascript_seconds = time.process_time() - start
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"{name}: {written:.2f} s to write {len(line)} bytes, {seconds:.2f} s to check, "
            f"{javascript_seconds:.2f} s in JavaScript, and {kernel_seconds:.2f} s by the kernel; "
            f"{said.stdout.decode().split(':')[0]}"
        )


if __name__ == "__main__":
    main()
