"""Frozen words that every layer shares; standard library only."""
