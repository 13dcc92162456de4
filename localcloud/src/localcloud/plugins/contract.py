"""What `localcloud start` and the plugins inside the LocalStack process tell each other, by name."""

# Environment variables of the LocalStack process.
INSTANCE_VARIABLE = "LOCALCLOUD_INSTANCE"  # id of this start
OWNER_VARIABLE = "LOCALCLOUD_OWNER"  # the state folder, inherited by helper processes: who may end them
INTERPRETER_VARIABLE = "LOCALCLOUD_LAMBDA_PYTHON"  # the bare python for functions
ENVIRONMENTS_VARIABLE = "LOCALCLOUD_LAMBDA_ENVIRONMENTS"  # folder of the functions' sandboxes
WAREHOUSE_VARIABLE = "LOCALCLOUD_WAREHOUSE_DSN"

# Answers 200 with the instance id once all is loaded.
READY_PATH = "/_localcloud"
