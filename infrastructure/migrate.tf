# The migrator brings the warehouse's tables, roles and grants to the contracts, so that one apply gives a pipeline ready
# for data. A breaking change is refused there, and fails the apply with the migrator's words.

module "migrator" {
  source = "../modules/function"

  name                     = "${var.project_name}-migrator"
  handler                  = "migrate.migrate_data"
  package_path             = local.zips["loader"]
  signed_package           = local.signed_packages["loader"]
  architecture             = var.architecture
  memory_mb                = 256 # It waits for Redshift.
  timeout_seconds          = 600 # A warehouse that wakes up, and each statement by itself.
  kms_key_arn              = module.operations_key.arn
  log_retention_days       = var.log_retention_days
  vpc                      = local.function_vpc
  permissions_boundary_arn = aws_iam_policy.boundary.arn

  environment = merge(local.common_environment, {
    POWERTOOLS_SERVICE_NAME        = "migrator"
    DATAVAULT_WORKGROUP            = module.warehouse.workgroup_name
    DATAVAULT_DATABASE             = module.warehouse.database
    DATAVAULT_WAREHOUSE_SECRET_ARN = module.warehouse.admin_secret_arn
    DATAVAULT_WAREHOUSE_MEMBERS    = jsonencode(local.warehouse_members)
  })

  permissions = {
    ReadAdminSecret = { actions = ["secretsmanager:GetSecretValue"], resources = [module.warehouse.admin_secret_arn] }
    # What Redshift does only outside a transaction runs alone, the grants as one.
    RunStatements = {
      actions   = ["redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement"]
      resources = [module.warehouse.workgroup_arn]
    }
    FollowOwnStatements = local.warehouse_permissions.FollowOwnStatements
  }

  key_uses = {
    SecretKey = { key_arn = module.masked_key.arn, service = "secretsmanager", context = { SecretARN = module.warehouse.admin_secret_arn } }
  }
}

# The contracts travel in the zip: its hash, not theirs, says when there may be something to do. Done twice does no harm.
resource "aws_lambda_invocation" "migrate" {
  function_name = module.migrator.name
  qualifier     = module.migrator.version
  input         = jsonencode({})

  triggers = {
    package   = module.migrator.package_hash
    namespace = module.warehouse.namespace_id
    workgroup = module.warehouse.workgroup_id
    members   = jsonencode(local.warehouse_members)
  }
}
