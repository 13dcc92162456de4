"""What Prometheus and Grafana are told of DataVault; `python -m monitoring` writes what comes from the contracts."""
