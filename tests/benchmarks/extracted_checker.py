"""Time and memory of the extracted checker: python tests/benchmarks/extracted_checker.py

Certificates with a dense matrix of multipliers, of order 250 and 500, and one of level shor of
order 1998. `bash proofs/build_checker.sh` makes the checker. Times are of the processor.
"""

import resource
import subprocess
import time

import numpy as np
from kernel_speed import dense_certificate

import certnn
from certnn.certificates import extracted_checker as verified


def sparse_certificate():
    draw = np.random.default_rng(0)
    problem = certnn.TrainingProblem(
        draw.standard_normal((1990, 5)), draw.standard_normal((1990, 3)), 1.0
    )
    return certnn.lower_bound(problem, level="shor").certificate


def main() -> None:
    checker = verified.find_checker()
    for name, certificate in (
        ("dense, order 250", dense_certificate(240, 7, 3)),
        ("dense, order 500", dense_certificate(475, 20, 5)),
        ("shor, order 1998", sparse_certificate()),
    ):
        start = time.process_time()
        line = verified.integer_form(certificate.document)
        written = time.process_time() - start
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = subprocess.run([checker], input=line + b"\n", capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"{name}: {written:.2f} s to write {len(line)} bytes, {seconds:.2f} s to check, at "
            f"most {after.ru_maxrss / 1000:.0f} MB; {said.stdout.decode().split(':')[0]}"
        )


if __name__ == "__main__":
    main()
