"""Judge one resource: occurrences to decisions, decisions to a report. Pure and total."""
