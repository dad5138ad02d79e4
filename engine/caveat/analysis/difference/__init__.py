"""The parts of a comparison of two policies: places, urls, values, decisions, and how they are told."""
