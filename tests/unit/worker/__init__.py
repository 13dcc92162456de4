"""The worker: its loop, its signs of life, its metrics."""
