"""The version of the engine, for what records it below the library."""

__version__ = "0.1.0"
