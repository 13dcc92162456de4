# Stage 7: where consumers read.

module "warehouse" {
  source = "../modules/warehouse"

  name                     = var.project_name
  database                 = "datavault"
  kms_key_arn              = module.masked_key.arn
  source_bucket_arn        = local.bucket_arns[local.processed_bucket]
  source_prefixes          = ["data/", "manifests/"]
  base_capacity_rpu        = var.warehouse.base_capacity_rpu
  monthly_limit_rpu_hours  = var.warehouse.monthly_limit_rpu_hours
  snapshot                 = var.warehouse.snapshot
  daily_limit_rpu_hours    = var.warehouse.daily_limit_rpu_hours
  subnet_ids               = flatten([for network in module.network : network.subnet_ids])
  security_group_ids       = [for network in module.network : network.warehouse_security_group_id]
  permissions_boundary_arn = aws_iam_policy.boundary.arn
}
