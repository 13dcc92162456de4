locals {
  # Every parameter that Redshift sets by itself is declared: one that is not shows as a change in each plan.
  config_parameters = {
    auto_mv                          = "true"
    datestyle                        = "ISO, MDY"
    enable_case_sensitive_identifier = "false"
    enable_user_activity_logging     = "true"
    max_query_execution_time         = tostring(var.max_query_seconds)
    query_group                      = "default"
    require_ssl                      = "true"
    search_path                      = "$user, public"
    use_fips_ssl                     = "false"
  }
}

resource "aws_redshiftserverless_namespace" "this" {
  namespace_name = var.name
  db_name        = var.database
  kms_key_id     = var.kms_key_arn

  # AWS makes, keeps and rotates the password in Secrets Manager; it never passes through Terraform.
  manage_admin_password            = true
  admin_username                   = var.admin_username
  admin_password_secret_kms_key_id = var.kms_key_arn

  iam_roles            = [aws_iam_role.copy.arn]
  default_iam_role_arn = aws_iam_role.copy.arn

  log_exports = ["connectionlog", "useractivitylog", "userlog"]

  depends_on = [aws_iam_role_policy.copy]
}

resource "aws_redshiftserverless_workgroup" "this" {
  namespace_name = aws_redshiftserverless_namespace.this.namespace_name
  workgroup_name = var.name
  base_capacity  = var.base_capacity_rpu

  publicly_accessible = false

  # Without subnets AWS takes the default VPC's; then traffic to S3 cannot be bound to our own VPC.
  enhanced_vpc_routing = length(var.subnet_ids) > 0
  subnet_ids           = length(var.subnet_ids) > 0 ? var.subnet_ids : null
  security_group_ids   = length(var.security_group_ids) > 0 ? var.security_group_ids : null

  dynamic "config_parameter" {
    for_each = local.config_parameters

    content {
      parameter_key   = config_parameter.key
      parameter_value = config_parameter.value
    }
  }
}

# A bill that cannot run away: past a limit the workgroup stops answering until the next day, or month.
resource "aws_redshiftserverless_usage_limit" "compute" {
  for_each = { for period, amount in { daily = var.daily_limit_rpu_hours, monthly = var.monthly_limit_rpu_hours } : period => amount if amount != null }

  resource_arn  = aws_redshiftserverless_workgroup.this.arn
  usage_type    = "serverless-compute"
  period        = each.key
  amount        = each.value
  breach_action = "deactivate"
}
