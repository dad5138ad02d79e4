"""The main job on a real study: an acceptance, an exclusion and a refusal, each with its reasons. `make demo` runs it."""

from __future__ import annotations

from pathlib import Path

from caveat import Guard, Refused

HERE = Path(__file__).parent


def main() -> None:
    """Check four versions of one study under the worklist's policy."""
    guard = Guard.from_files(HERE / "policies/worklist.caveat")
    for name in ("study", "study-good", "study-one-rejected", "study-unknown"):
        body = (HERE / f"data/{name}.json").read_bytes()
        print(f"\n{name}.json")
        try:
            passed = guard.load(body)
        except Refused as refused:
            print(f"  refused  {refused}")
            continue
        instances = sum(len(series.instance or ()) for series in passed.resource.series)
        print(f"  {'reduced ' if passed.is_reduced else 'accepted'} {passed.report}")
        print(f"           {instances} instances go to the worklist")


if __name__ == "__main__":
    main()
