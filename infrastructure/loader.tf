# Stage 6: gathers Parquet objects and copies each into the warehouse, once.

module "loader" {
  source = "../modules/function"

  name                     = "${var.project_name}-loader"
  handler                  = "handler.load_data"
  package_path             = local.zips["loader"]
  signed_package           = local.signed_packages["loader"]
  gradual_release          = var.gradual_release != null
  reserved_concurrency     = var.functions.loader.reserved_concurrency
  architecture             = var.architecture
  memory_mb                = var.functions.loader.memory_mb
  timeout_seconds          = var.functions.loader.timeout_seconds
  kms_key_arn              = module.operations_key.arn
  log_retention_days       = var.log_retention_days
  vpc                      = local.function_vpc
  permissions_boundary_arn = aws_iam_policy.boundary.arn

  environment = merge(local.common_environment, {
    POWERTOOLS_SERVICE_NAME     = "loader"
    DATAVAULT_PROCESSED_BUCKET  = module.processed.name
    DATAVAULT_QUARANTINE_BUCKET = module.quarantine.name
    DATAVAULT_WORKGROUP         = module.warehouse.workgroup_name
    DATAVAULT_DATABASE          = module.warehouse.database
    DATAVAULT_COPY_ROLE_ARN     = module.warehouse.copy_role_arn
  })

  queues = {
    parquet-events = {
      arn                 = module.parquet_events.arn
      batch_size          = 1000 # An event with its envelope is about 2 kB, and an invocation takes 6 MB.
      window_seconds      = local.loader_window_seconds
      maximum_concurrency = 2 # The least that Lambda allows: loads take turns at the ledger's lock anyway.
    }
  }

  permissions = {
    ReadParquet        = { actions = ["s3:GetObject"], resources = ["${module.processed.arn}/data/*"] }
    WriteManifests     = { actions = local.write_once_actions, resources = ["${module.processed.arn}/manifests/*"] }
    SetLoadsAside      = { actions = ["s3:PutObject", "s3:PutObjectTagging"], resources = ["${module.quarantine.arn}/failed-loads/*"] }
    TellMissingObjects = { actions = ["s3:ListBucket"], resources = [module.processed.arn] }
    LogIn              = local.warehouse_permissions.LogIn
    # Loads are batches, one transaction each.
    RunStatements       = { actions = ["redshift-data:BatchExecuteStatement"], resources = [module.warehouse.workgroup_arn] }
    FollowOwnStatements = local.warehouse_permissions.FollowOwnStatements
  }

  key_uses = {
    ObjectKey = { key_arn = module.masked_key.arn, service = "s3", context = { "aws:s3:arn" = module.processed.arn }, write = true }
    # Writes there what it cannot read: who serves the warehouse has no business with clear data.
    AsideKey = { key_arn = module.clear_key.arn, service = "s3", context = { "aws:s3:arn" = module.quarantine.arn }, read = false, write = true }
    QueueKey = { key_arn = module.masked_key.arn, service = "sqs" }
  }
}
