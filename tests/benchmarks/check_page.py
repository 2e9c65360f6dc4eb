"""Time of the page that checks certificates: python tests/benchmarks/check_page.py

In Debian's chromium, by playwright (`certnn[browser]`): certificates with a dense matrix of
multipliers, of order 250 and 500, the partition that proves iris at reg 0.1 to a thousandth, and
with --data FOLDER, which has banknote.csv, cells of banknote.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from cells_speed import banknote_certificate
from extracted_checker import partition_certificate
from kernel_speed import dense_certificate

from certnn.interfaces.cli import main as certnn_command


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="FOLDER", help="with banknote.csv")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright  # an extra, which --help does without

    certificates = {
        "dense, order 250": dense_certificate(240, 7, 3),
        "dense, order 500": dense_certificate(475, 20, 5),
        "partition of iris": partition_certificate(),
    }
    if options.data:
        certificates["cells of banknote"] = banknote_certificate(options.data)
    folder = Path(tempfile.mkdtemp())
    certnn_command(["check", "--page", str(folder)])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto((folder / "check.html").as_uri())
        for name, certificate in certificates.items():
            file = folder / "certificate.json"
            certificate.save(file)
            start = time.perf_counter()
            page.set_input_files("#file", file)
            page.wait_for_selector('#verdict:not([data-verdict=""])', timeout=600_000)
            seconds = time.perf_counter() - start
            verdict = page.get_attribute("#verdict", "data-verdict")
            print(f"{name}: {len(certificate.document)} bytes, {seconds:.1f} s, {verdict}")
        browser.close()


if __name__ == "__main__":
    main()
