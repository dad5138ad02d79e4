"""The audit trail: what was decided, kept so that a change to it shows."""
