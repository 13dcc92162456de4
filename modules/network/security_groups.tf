locals {
  groups = {
    endpoints = "Interface endpoints: take HTTPS from the functions."
    functions = "Functions: HTTPS to the endpoints and to S3, nothing comes in."
    warehouse = "Warehouse: HTTPS to S3, nothing comes in until a rule is added."
  }
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:functions and warehouse, in their own modules, are attached to them
  for_each = local.groups

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_functions" {
  security_group_id            = aws_security_group.this["endpoints"].id
  referenced_security_group_id = aws_security_group.this["functions"].id
  description                  = "Functions call AWS services."
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "functions_to_endpoints" {
  security_group_id            = aws_security_group.this["functions"].id
  referenced_security_group_id = aws_security_group.this["endpoints"].id
  description                  = "Functions call AWS services."
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "to_s3" {
  for_each = toset(["functions", "warehouse"])

  security_group_id = aws_security_group.this[each.key].id
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  description       = "To S3, through its gateway endpoint."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
