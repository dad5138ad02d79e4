"""Says how many of the changes to what decides the tests noticed, by module, and shows each that none did.

`make mutate` runs it, after mutmut has worked in build/mutation.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "build" / "mutation"
LEAST = 0.9


def main() -> int:
    """Print the report; 1 when fewer than nine in ten changes were noticed."""
    answers: dict[str, int] = {}
    for path in sorted((FOLDER / "mutants" / "src" / "caveat").rglob("*.meta")):
        found = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        answers |= {name: code for name, code in found.items() if code is not None}
    if not answers:
        sys.stdout.write("nothing was changed: mutmut did not run\n")
        return 1
    survived = [name for name, code in answers.items() if code == 0]
    made, left = (Counter(name.rpartition(".")[0] for name in names) for names in (answers, survived))
    for module, number in sorted(made.items()):
        sys.stdout.write(f"{module:<40} {number:>5} changes {left[module]:>4} unnoticed {1 - left[module] / number:>7.1%}\n")
    for name in survived:
        shown = subprocess.run(
            [sys.executable, "-m", "mutmut", "show", name], cwd=FOLDER, capture_output=True, text=True, check=False
        )
        lines = [line for line in shown.stdout.splitlines() if line[:1] in "-+" and line[:3] not in {"---", "+++"}]
        sys.stdout.write("\n".join([f"\n{name}", *lines, ""]))
    score = 1 - len(survived) / len(answers)
    sys.stdout.write(f"\n{len(answers)} changes, {len(survived)} unnoticed: {score:.1%}\n")
    return int(score < LEAST)


if __name__ == "__main__":
    sys.exit(main())
