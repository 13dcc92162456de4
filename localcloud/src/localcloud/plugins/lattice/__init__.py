"""VPC Lattice: service networks, VPCs in them, who may call, logs of calls. Nothing is routed."""
