"""EKS: what is asked for is kept and read back. No Kubernetes runs: `make test-k8s-live` has one."""
