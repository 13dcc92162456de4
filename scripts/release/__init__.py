"""`make release`: from a clean main to a tagged commit, and artefacts that say where they come from."""
