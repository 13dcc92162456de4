"""An adapter for each tool: how it is called, and what its answer means."""
