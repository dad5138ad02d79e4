"""From bytes to occurrences: strict readers, a scan for their absence, and the walk that finds them."""
