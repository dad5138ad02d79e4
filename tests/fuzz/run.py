"""Fuzz one target under atheris, or make its kept corpus small again.

    python tests/fuzz/run.py json --seconds 600
    python tests/fuzz/run.py json --merge

What it finds new goes to build/fuzz/TARGET; `--merge` keeps of that, and of tests/fuzz/corpus/TARGET, the fewest and smallest
inputs that reach the same code. It needs the extra `fuzz`.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LONGEST = 64 * 1024
KEPT = 200  # files of one corpus, and
KEPT_BYTES = 200_000  # bytes in all


def main() -> None:
    """Run the target that the arguments name; libFuzzer ends the process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?")
    parser.add_argument("--list", action="store_true", help="say what targets there are")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--merge", action="store_true")
    options, flags = parser.parse_known_args()  # libFuzzer calls this program again to merge, with flags of its own
    sys.path.insert(0, str(ROOT / "tests"))
    with atheris.instrument_imports(include=["caveat"]):
        from fuzz.targets import SEEDS, TARGETS  # noqa: PLC0415  what is imported here is what is measured

    if options.list:
        sys.stdout.write("\n".join(TARGETS) + "\n")
        return
    grown, kept = ROOT / "build" / "fuzz" / options.target, HERE / "corpus" / options.target
    grown.mkdir(parents=True, exist_ok=True)
    kept.mkdir(parents=True, exist_ok=True)
    seeds = tempfile.mkdtemp()
    for name in SEEDS[options.target](ROOT):
        data = name if isinstance(name, bytes) else name.read_bytes()
        if len(data) <= LONGEST:
            (Path(seeds) / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    again = f"{sys.executable} {Path(__file__).resolve()} {options.target}"
    if flags:
        atheris.Setup([again, *flags], TARGETS[options.target])
        atheris.Fuzz()
    common = [again, f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={grown.parent}/found-"]
    if options.merge:
        small = Path(tempfile.mkdtemp())
        merge = ["-merge=1", f"-max_len={LONGEST}", "-timeout=10", str(small), str(kept), str(grown)]
        subprocess.run([sys.executable, __file__, options.target, *merge], check=True)
        _keep(small, kept)
        return
    arguments = [*common, f"-max_total_time={options.seconds}", "-print_final_stats=1", str(grown), str(kept), seeds]
    atheris.Setup(arguments, TARGETS[options.target])
    atheris.Fuzz()


def _keep(small: Path, kept: Path) -> None:
    """Put the smallest of the merged inputs in place of those kept."""
    shutil.rmtree(kept)
    kept.mkdir()
    total = 0
    for path in sorted(small.iterdir(), key=lambda each: (each.stat().st_size, each.name))[:KEPT]:
        total += path.stat().st_size
        if total > KEPT_BYTES:
            break
        shutil.copy(path, kept / path.name)


if __name__ == "__main__":
    main()
