"""From rules to a runnable policy: immutable, picklable, with a digest."""
