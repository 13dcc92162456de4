"""What every program that a test starts has in common."""

import os

# Where a machine's Terraform finds its providers.
_KEPT = ("TF_PLUGIN_MIRROR", "TF_CLI_CONFIG_FILE")


def clean_environment() -> dict[str, str]:
    """The environment without a person's settings of Terraform and AWS, which must not change a test."""
    return {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith(("TF_", "AWS_"))}
