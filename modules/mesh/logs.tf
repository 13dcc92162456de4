# Who called what, and what came of it.

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_338:how long is the environment's choice; production keeps a year
  # Under this prefix CloudWatch Logs lets AWS's services write without a resource policy that grows with each of them.
  name              = "/aws/vendedlogs/vpc-lattice/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_vpclattice_access_log_subscription" "this" {
  resource_identifier      = aws_vpclattice_service_network.this.id
  destination_arn          = aws_cloudwatch_log_group.access.arn
  service_network_log_type = "SERVICE"
}
