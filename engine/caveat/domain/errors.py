"""The exceptions of Caveat: misuse and internal faults only.

Bad data is a value (a report with a ground), a faulty rule file is a list of diagnostics; neither is raised from a layer
below `guard`.
"""


class CaveatError(Exception):
    """Signal misuse of Caveat or a fault inside it; the message names the right call."""


class UsageError(CaveatError):
    """Signal a call that cannot mean anything: wrong arguments, an unknown release, a missing file."""


class AuditUnavailable(CaveatError):
    """Signal that a record could not be kept in the audit trail: nothing was answered, and nothing may be processed.

    The message says what failed, never what was to be recorded.
    """
