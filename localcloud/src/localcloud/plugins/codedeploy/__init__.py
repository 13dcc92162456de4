"""CodeDeploy, as far as functions need it."""
