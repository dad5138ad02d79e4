"""Rule files, packs and packages: found and read."""
