# What invokes the function invokes its alias: the mappings and the schedule stay, and the version behind them changes.
# docs/decisions/0026-versions-behind-an-alias.md

# Follows the newest version: an apply is the release.
resource "aws_lambda_alias" "newest" {
  for_each = var.gradual_release ? {} : { live = "Newest version." }

  name             = each.key
  description      = each.value
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

# Moved by CodeDeploy alone, which must find it where it left it.
resource "aws_lambda_alias" "released" {
  for_each = var.gradual_release ? { live = "Version that CodeDeploy released." } : {}

  name             = each.key
  description      = each.value
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

locals {
  alias = one(concat(values(aws_lambda_alias.newest), values(aws_lambda_alias.released)))
}
