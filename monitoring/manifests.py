"""What a cluster is given: rules as PrometheusRule, dashboards and the exporter's settings as ConfigMaps."""

from pathlib import Path
from typing import Any

import yaml

type Manifest = dict[str, Any]


def prometheus_rules(rules: dict[str, str]) -> list[Manifest]:
    """One object for each file of rules, by its name."""
    return [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": f"datavault-{Path(name).stem}"},
            "spec": yaml.safe_load(text),
        }
        for name, text in sorted(rules.items())
    ]


def base(dashboards: list[str]) -> Manifest:
    """Everything but the exporter's settings."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "monitoring",
        "resources": ["exporter.yaml", "monitors.yaml", "rules.yaml"],
        "configMapGenerator": [
            # The name that Grafana's sidecar knows a dashboard by must not change with each of its versions.
            {
                "name": f"datavault-dashboard-{Path(name).stem}",
                "files": [f"dashboards/{name}"],
                "options": {"disableNameSuffixHash": True, "labels": {"grafana_dashboard": "1"}},
            }
            for name in sorted(dashboards)
        ],
    }


def overlay() -> Manifest:
    """An environment's; its exporter.yaml lies beside it."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "monitoring",
        "resources": ["../../kubernetes"],
        "configMapGenerator": [{"name": "cloudwatch-exporter", "files": ["exporter.yaml"]}],
    }
