data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:only the first zone_count of them are used, and a new zone comes last in the alphabet
  state = "available"

  # A zone of a Local Zone or Wavelength group has no Redshift.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  zones = slice(data.aws_availability_zones.available.names, 0, var.zone_count)
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # The interface endpoints' private names need it.

  tags = { Name = var.name }
}

# Nothing may use what AWS puts into every VPC.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-unused" }
}

resource "aws_subnet" "private" {
  for_each = { for index, zone in local.zones : zone => index }

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 4, each.value)

  tags = { Name = "${var.name}-private-${each.key}" }
}

# One table without a way out: no internet gateway, no NAT. The S3 endpoint adds its own route.
resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# Stateless, under the security groups: inside the VPC, and HTTPS to S3 with its answers. S3 has no addresses of its own
# that a rule could name; without a route nothing else answers.
resource "aws_network_acl" "private" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]

  dynamic "ingress" {
    for_each = local.acl_ingress

    content {
      rule_no    = ingress.key
      action     = "allow"
      protocol   = ingress.value.protocol
      cidr_block = ingress.value.cidr
      from_port  = ingress.value.from
      to_port    = ingress.value.to
    }
  }

  dynamic "egress" {
    for_each = local.acl_egress

    content {
      rule_no    = egress.key
      action     = "allow"
      protocol   = egress.value.protocol
      cidr_block = egress.value.cidr
      from_port  = egress.value.from
      to_port    = egress.value.to
    }
  }

  tags = { Name = "${var.name}-private" }
}

locals {
  # Linux takes the port of an outgoing connection from 32768 up.
  acl_ingress = merge(local.acl_internal, {
    100 = { protocol = "tcp", cidr = var.cidr, from = 443, to = 443 }
    110 = { protocol = "tcp", cidr = var.cidr, from = 5439, to = 5439 }
    120 = { protocol = "tcp", cidr = "0.0.0.0/0", from = 32768, to = 65535 }
  })
  acl_egress = merge(local.acl_internal, {
    100 = { protocol = "tcp", cidr = "0.0.0.0/0", from = 443, to = 443 }
    110 = { protocol = "tcp", cidr = var.cidr, from = 5439, to = 5439 }
    120 = { protocol = "tcp", cidr = var.cidr, from = 32768, to = 65535 }
  })
  acl_internal = { for index, cidr in var.internal_cidrs : 200 + index => { protocol = "-1", cidr = cidr, from = 0, to = 0 } }
}
