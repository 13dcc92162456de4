"""What an environment costs: prices, a plan's facts and a workload in; lines of a bill out. Pure, and in no zip."""
