"""The audit trail as the library has it: open it, record before answering, read it, review what was held, fix it.

Rule 1: a record is kept, durably, before whoever asked is answered; where that fails nothing is answered: `AuditUnavailable`.
Rule 2: nothing in a trail is ever changed; what becomes of a record is another record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from caveat.audit import appending, keys, quarantine, reading, resuming, reviewing
from caveat.audit.appending import Contexts, Facts
from caveat.audit.checkpoint import Checkpoint
from caveat.audit.extras import required
from caveat.audit.noting import Note, Noting
from caveat.audit.quarantine import Held, How
from caveat.audit.reading import Wanted
from caveat.audit.record import Draft, Drafted, Record, context_of, kept_decisions, recording_rules
from caveat.audit.store import HEAD, Store, state_of, upgrade, url_of
from caveat.domain.approval import Approval
from caveat.domain.decision import Verdict
from caveat.domain.errors import AuditUnavailable, UsageError
from caveat.domain.report import Report
from caveat.policy.policy import Policy
from caveat.telemetry.logs import INFO, Event, log
from caveat.telemetry.watching import watching

if TYPE_CHECKING:
    from sqlalchemy import Connection

EVERY = 1000
"""After how many records a checkpoint is made by itself."""
_CONTEXTS = 4096
"""How many contexts are remembered."""
_PLAINLY = How()
_MODES = ("keyed", "plain")


class AuditLog:
    """An audit trail: a file of SQLite by its path, or `postgresql://user@host/database`.

    Thread-safe; several processes may write one trail. Resource ids are kept as keyed hashes, unless the trail is made with
    `identifiers="plain"`. Their key is in `identifier_key`, by default the file beside the trail that ends in `.key`, made with
    it; a trail on a server needs it named. With `quarantine_key` the bytes of what is held are kept, encrypted. With
    `signing_key` each checkpoint is signed. A key is named by its file, so that an open log can be pickled; `caveat audit keys`
    makes them.
    UsageError for what is no trail, or one of a newer Caveat; AuditUnavailable when it cannot be opened.
    """

    __slots__ = (
        "_contexts",
        "_facts",
        "_identifier_key",
        "_key",
        "_known",
        "_options",
        "_quarantine_key",
        "_signing_key",
        "_store",
    )

    def __init__(
        self,
        where: str | Path,
        *,
        identifiers: str | None = None,
        identifier_key: str | Path | None = None,
        quarantine_key: str | Path | None = None,
        signing_key: str | Path | None = None,
        create: bool = True,
    ) -> None:
        """Open the trail, make it when there is none, and bring its tables up to date."""
        if identifiers is not None and identifiers not in _MODES:
            raise UsageError(f"identifiers={identifiers!r} means nothing; write one of 'keyed', 'plain'")
        given = (identifiers, identifier_key, quarantine_key, signing_key)
        self._options: tuple[Any, ...] = (str(where), *(None if each is None else str(each) for each in given))
        self._store = Store(url_of(where))
        self._identifier_key = Path(identifier_key) if identifier_key is not None else self._key_beside()
        self._quarantine_key = None if quarantine_key is None else keys.secret_key(Path(quarantine_key))
        self._signing_key = None if signing_key is None else keys.signing_key(Path(signing_key))
        self._key: keys.Keyed | None = None
        self._known: set[str] = set()
        self._contexts: Contexts = {}
        if quarantine_key is not None:
            required("cryptography")
        self._facts = self._opened(identifiers, create=create)

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened_again, self._options

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AuditLog({self.url!r})"

    @property
    def url(self) -> str:
        """Where the trail is, without a password."""
        return self._store.url.render_as_string(hide_password=True)

    @property
    def facts(self) -> Facts:
        """What holds for the whole trail."""
        return self._facts

    def close(self) -> None:
        """Give the connections back; whoever goes on using the log gets new ones."""
        self._store.close()

    # keeping

    def record(self, report: Report, policy: Policy | None = None, how: How = _PLAINLY) -> int:
        """Keep one report, and return the number of its record once it is on disk; as `record_many`."""
        return self.record_many([report], policy, how)[0]

    def record_many(self, reports: Iterable[Report], policy: Policy | None = None, how: How | Sequence[How] = _PLAINLY) -> range:
        """Keep reports in one transaction, and return the numbers of their records once they are on disk.

        `policy` is the one that judged them; with it the trail keeps its text, and the values that its rules let in. `how` says
        how the documents were handed over, all alike or each. AuditUnavailable when they cannot be kept: then none is, and none
        may be answered.
        """
        told = list(reports)
        if not all(isinstance(each, Report) for each in told):
            raise UsageError("an audit trail records reports, as `guard.check` returns them")
        hows = [how] * len(told) if isinstance(how, How) else how
        noting = self.noting(policy)
        noted = [noting(report, report.received, report.resource_id) for report in told]
        drafts = [self._draft(note, each) for note, each in zip(noted, hows, strict=True)]
        return self.append(drafts, policy)

    def noting(self, policy: Policy | None) -> Noting:
        """Return what makes notes of what `policy` judges, in whichever process, for `record_notes`."""
        return Noting(recording_rules(policy), self._quarantine_key is not None)

    def record_notes(self, notes: Sequence[Note], policy: Policy | None = None, how: How = _PLAINLY) -> range:
        """Keep what was noted, as `record_many` keeps reports; `how` all of it was handed over."""
        return self.append([self._draft(note, how) for note in notes], policy)

    def recorded(self, notes: Sequence[Note], after: int) -> tuple[int, int]:
        """Return how many of what was noted, from the first on, is recorded behind the record `after`, and its last record.

        So a run that was killed, and goes on, finds what it had recorded.
        """
        drafts = [self._draft((*note[:4], None), _PLAINLY) for note in notes]
        with self._store.reading() as connection:
            return resuming.found(connection, drafts, after)

    @property
    def last(self) -> int:
        """The number of the last record, 0 without one, as the database says now; AuditUnavailable when it cannot be asked."""
        with self._store.reading() as connection:
            return appending.head_of(connection, self._facts)[0]

    def record_reruns(self, decided: Iterable[tuple[int, Report]], policy: Policy) -> range:
        """Keep reports on what was held, decided again; each with the number of the record that held it. As `record_many`."""
        recorded = recording_rules(policy)
        drafts = [self._draft_again(report, recorded, about) for about, report in decided]
        numbers = self.append(drafts, policy)
        log(Event.RERUN, INFO, records=len(numbers), digest=policy.digest)
        return numbers

    def append(self, drafts: Sequence[Drafted], policy: Policy | None = None) -> range:
        """Put records of any kind at the end, the text of a policy that is new before them; return their numbers."""
        contexts = dict(self._contexts)  # what a transaction adds is known for sure only when it has committed
        with watching("caveat.audit.commit", system=self._store.system) as seen:
            with self._store.writing() as connection:
                if policy is not None and policy.digest not in self._known:
                    reviewing.keep_policy(connection, self._facts, policy)
                numbers = appending.append(connection, self._facts, drafts, contexts)
                if numbers and (numbers[-1] // EVERY) != ((numbers[0] - 1) // EVERY):
                    appending.checkpoint(connection, self._facts, self._signing_key)
            seen.kept([context.shared.kind for context, *_ in drafts], self._store.system)
        if policy is not None:
            self._known.add(policy.digest)
        self._contexts = contexts if len(contexts) <= _CONTEXTS else {}
        return numbers

    def checkpoint(self) -> Checkpoint | None:
        """Fix all records so far; its `line` is to be kept elsewhere. None when there is no record since the last one."""
        with self._store.writing() as connection:
            made = appending.checkpoint(connection, self._facts, self._signing_key)
        if made is not None:
            log(Event.CHECKPOINT, INFO, number=made.number, last=made.last)
        return made

    # reading

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open the trail for reading with SQL, as it is at one moment; `caveat.audit.schema` has the tables."""
        with self._store.reading() as connection:
            yield connection

    def records(
        self,
        *,
        kinds: Collection[str] | None = ("check",),
        since: date | None = None,
        until: date | None = None,
        verdicts: Collection[Verdict | str] | None = None,
        source: str | None = None,
        url: str | None = None,
        input_sha256: str | None = None,
        policy_digest: str | None = None,
        after: int = 0,
    ) -> Iterator[Record]:
        """Give the records that every filter lets through, with their decisions, in sequence.

        `since` and `until` are days, both included, or points in time, by when a record was kept. `url` wants records with a
        decision on that url. `after` leaves out all up to that number. `kinds` is None for all there are.
        """
        words = None if verdicts is None else [each.word if isinstance(each, Verdict) else each for each in verdicts]
        wanted = Wanted(kinds, since, until, words, source, url, input_sha256, policy_digest, after)
        with self._store.reading() as connection:
            yield from reading.records(connection, wanted)

    def policies(self) -> dict[str, str]:
        """Return each policy that judged by its digest, as canonical JSON."""
        with self._store.reading() as connection:
            rows = connection.exec_driver_sql("SELECT digest, canonical_json FROM policies ORDER BY digest").all()
        return {str(digest): str(text) for digest, text in rows}

    def checkpoints(self) -> list[Checkpoint]:
        """Return every checkpoint, the oldest first."""
        with self._store.reading() as connection:
            return reviewing.checkpoints(connection)

    # the quarantine

    def held(self, *, status: str | None = "pending", after: int = 0) -> Iterator[Held]:
        """Give what was held, in sequence; `status` is `pending`, `released`, `declined`, or None for all."""
        with self._store.reading() as connection:
            yield from reviewing.held(connection, status, after)

    def held_bytes(self, held: Held) -> tuple[bytes, How] | None:
        """Return the bytes of what was held, and how they were handed over; None where only their digest was kept.

        UsageError without `quarantine_key`; CaveatError when the bytes were kept under another key, or changed.
        """
        if not held.has_bytes:
            return None
        if self._quarantine_key is None:
            raise UsageError("what was held is encrypted; open the trail with `quarantine_key=`")
        with self._store.reading() as connection:
            envelope = reviewing.envelope(connection, held.record.sequence)
        if envelope is None:
            return None
        return quarantine.unsealed(self._quarantine_key, self._facts.id, held.record.input_sha256 or "", envelope)

    def release(self, sequence: int, *, by: str, because: str) -> Approval:
        """Let what a record held through, for its input under its policy, and record who did so and why.

        Only its decisions `review` are released: what is rejected stays so. UsageError when nothing in it waits for a review.
        """
        _said(by, because)
        with self._store.writing() as connection:
            made = reviewing.release(connection, self._facts, sequence, by, because)
        log(Event.REVIEW, INFO, review="release", record=made.sequence, about=sequence)
        return made

    def decline(self, sequence: int, *, by: str, because: str) -> int:
        """Record that a person looked at what a record held, and does not let it through; an earlier release ends with it."""
        _said(by, because)
        with self._store.writing() as connection:
            made = reviewing.decline(connection, self._facts, sequence, by, because)
        log(Event.REVIEW, INFO, review="decline", record=made, about=sequence)
        return made

    def approval(self, input_sha256: str, policy_digest: str) -> Approval | None:
        """Return the release that holds for an input under a policy, None when there is none."""
        with self._store.reading() as connection:
            return reviewing.approval(connection, input_sha256, policy_digest)

    def prune(self, before: date, *, by: str | None = None) -> tuple[int, int]:
        """Delete the checkpointed segments that ended before a day, and return up to which record, and how many waited in them.

        Their checkpoints stay, and so the chain goes on from them; that it was done is recorded. `(0, 0)` when there is none.
        """
        with self._store.writing() as connection:
            through, waiting = reviewing.prune(connection, self._facts, reading.moment(before), by)
        log(Event.PRUNED, INFO, through=through, waiting=waiting)
        return through, waiting

    # the parts

    def _draft(self, note: Note, how: How) -> Drafted:
        """Return what is kept of what was noted: ids hashed, bytes encrypted."""
        context, digest, identity, decisions, raw = note
        envelope = None
        if raw is not None and self._quarantine_key is not None:
            envelope = quarantine.sealed(self._quarantine_key, self._facts.id, raw, how)
        keyed = self._key or self._keyed
        return context, digest, None if identity is None else keyed(identity), None, decisions, envelope

    def _draft_again(self, report: Report, recorded: frozenset[str], about: int) -> Draft:
        """Return what is kept of a report on what the record `about` holds."""
        identity = None if report.resource_id is None else self._keyed(f"{report.resource_type}/{report.resource_id}")
        return Draft(context_of(report, "rerun"), report.input_sha256, identity, about, kept_decisions(report, recorded))

    def _keyed(self, text: str) -> str:
        """Return what is stored of `Type/id`."""
        if self._facts.identifiers == "plain":
            return reviewing.plain_id(text)
        if self._key is None:
            self._key = keys.Keyed(self._checked_key(self._facts.key_check))
        return self._key(text)

    def _checked_key(self, check: str) -> bytes:
        if self._identifier_key is None:
            _no_key()
        key = keys.secret_key(self._identifier_key)
        if keys.key_check(key) != check:
            raise UsageError(f"{self._identifier_key} is not the identifier key that this trail was made with")
        return key

    def _key_beside(self) -> Path | None:
        file = self._store.file
        return None if file is None else file.with_name(file.name + ".key")

    def _opened(self, identifiers: str | None, *, create: bool) -> Facts:
        """Return what holds for the trail, which is made where that is asked for."""
        if not create and not self._store.exists():
            raise UsageError(f"there is no audit trail {self.url}")
        if self._store.exists():
            with self._store.reading() as connection:
                state = state_of(connection)
                told = reviewing.facts(connection) if state == HEAD else None
            if told is None and state is None and not create:
                raise UsageError(f"{self.url} holds no audit trail")
        else:
            told = None
        told = told or self._made(identifiers)
        if identifiers is not None and told["identifiers"] != identifiers:
            raise UsageError(f"this trail keeps identifiers {told['identifiers']}; that is settled when a trail is made")
        return appending.facts_of(told)

    def _made(self, identifiers: str | None) -> dict[str, str]:
        """Make the trail, or bring its tables up to date, in one transaction; whoever comes second finds it made."""
        mode = identifiers or "keyed"
        if mode == "keyed" and self._identifier_key is None:
            _no_key()
        with self._store.writing() as connection:
            state = state_of(connection)
            if state != HEAD:
                upgrade(connection, state)
            told = reviewing.facts(connection)
            if told:
                return told
            key = keys.secret_key_made(self._identifier_key) if mode == "keyed" and self._identifier_key is not None else None
            return reviewing.begin(connection, mode, "" if key is None else keys.key_check(key))


def _no_key() -> NoReturn:
    raise UsageError(
        "a trail on a server needs a file for the key of its identifiers: "
        'pass `identifier_key=`, or make it with `identifiers="plain"`'
    )


def _said(by: str, because: str) -> None:
    """Refuse a review of nobody, or for no reason."""
    if not by.strip() or not because.strip():
        raise UsageError("a review says who and why: give a name and a reason")


def _opened_again(where: str, identifiers: str | None, *key_files: str | None) -> AuditLog:
    """Open a log again where it was unpickled."""
    identifier_key, quarantine_key, signing_key = key_files
    return AuditLog(
        where, identifiers=identifiers, identifier_key=identifier_key, quarantine_key=quarantine_key, signing_key=signing_key
    )


__all__ = ["AuditLog", "AuditUnavailable", "Held", "How"]
