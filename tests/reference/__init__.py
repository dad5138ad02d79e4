"""A naive reading of the rule language, shared with no line of the engine: what the engine is held against."""
