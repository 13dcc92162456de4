"""`make bench`: DataVault beside what people would use instead, in one run, on the same data (docs/benchmarks.md)."""
