"""How far a stack reaches: shards, concurrency and RPU by arithmetic, queues and latency by simulation."""
