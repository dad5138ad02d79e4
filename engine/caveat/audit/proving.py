"""What a verified trail proves, and what it cannot, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from caveat.audit.verify import Verification


def proves(told: Verification) -> Iterator[str]:
    """Give what is proven, nothing where something is wrong but that."""
    if not told.is_whole:
        yield "not proven: the trail is not as it was written"
        return
    if not told.records:
        yield "proven: the trail has no record"
        return
    yield (
        f"proven: records {told.first:,} to {told.last:,} hold together; none was edited, deleted, moved or swapped unless every "
        "hash after it, and every checkpoint, was made anew"
    )
    if told.anchored:
        yield f"proven: up to record {told.anchored:,} nothing was changed or deleted since the checkpoint given was printed"
    if told.signed:
        yield f"proven: up to record {told.signed:,} nothing was changed since it was signed, but by who has the signing key"
    if told.pruned:
        yield f"proven: records 1 to {told.pruned:,} were pruned, and a record says so; their checkpoints fix what they were"


def cannot(told: Verification) -> Iterator[str]:
    """Give what this verification cannot show."""
    if not told.anchored:
        yield (
            "not shown: whether the newest records were cut off, or all of it was made anew by who can write to the trail; a "
            "checkpoint kept elsewhere shows it (--checkpoint)"
        )
    elif told.anchored < told.last:
        yield f"not shown: whether records after {told.last:,} were cut off, or those after {told.anchored:,} made anew"
    else:
        yield f"not shown: whether records after {told.last:,} were cut off"
    if not told.signed and not told.anchored:
        yield "not shown: who made the checkpoints; none was held against a key (--key)"
    yield "not shown: whether everything that was processed was checked; the trail has only what Caveat was asked"
