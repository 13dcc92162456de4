"""Thin edges to AWS: one module per service. They translate errors; decisions stay in the core and the handlers."""
