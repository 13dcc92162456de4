# A service network of VPC Lattice and this VPC's way to it. The services in it come and go with the cluster's HTTPRoutes,
# by AWS's Gateway API controller.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

# Lattice has addresses of its own in every VPC, which AWS lists.
data "aws_ec2_managed_prefix_list" "lattice" {
  name = "com.amazonaws.${data.aws_region.current.name}.vpc-lattice"
}

resource "aws_vpclattice_service_network" "this" {
  name      = var.name
  auth_type = "AWS_IAM"
}

# Whoever calls signs his request as a role of this account, and calls from inside the VPC.
resource "aws_vpclattice_auth_policy" "this" {
  resource_identifier = aws_vpclattice_service_network.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "InvokeFromInside"
      Effect    = "Allow"
      Principal = "*"
      Action    = "vpc-lattice-svcs:Invoke"
      Resource  = "*"
      Condition = merge(
        {
          StringEquals = {
            "aws:PrincipalAccount"       = data.aws_caller_identity.current.account_id
            "vpc-lattice-svcs:SourceVpc" = var.vpc_id
          }
        },
        length(var.caller_role_arns) > 0 ? { ArnEquals = { "aws:PrincipalArn" = var.caller_role_arns } } : {},
      )
    }]
  })
}

resource "aws_vpclattice_service_network_vpc_association" "this" {
  service_network_identifier = aws_vpclattice_service_network.this.id
  vpc_identifier             = var.vpc_id
  security_group_ids         = [aws_security_group.this.id]
}

resource "aws_security_group" "this" {
  name        = "${var.name}-mesh"
  description = "Service network ${var.name}: HTTPS from its members."
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-mesh" }
}

resource "aws_vpc_security_group_ingress_rule" "from_members" {
  for_each = var.members

  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = each.value.security_group_id
  description                  = "${each.key} call services."
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "members_call" {
  for_each = var.members

  security_group_id = each.value.security_group_id
  prefix_list_id    = data.aws_ec2_managed_prefix_list.lattice.id
  description       = "Services of ${var.name}, through VPC Lattice."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "members_serve" {
  for_each = var.members

  security_group_id = each.value.security_group_id
  prefix_list_id    = data.aws_ec2_managed_prefix_list.lattice.id
  description       = "Requests and health checks by VPC Lattice."
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}
