# No way in, and no way out but to AWS's services.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name                     = "acme"
  cidr                     = "10.64.0.0/20"
  bucket_arns              = ["arn:aws:s3:::acme-raw-data"]
  interface_services       = { sqs = "sqs", kinesis-streams = "kinesis" }
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/k"
  log_retention_days       = 30
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/acme-boundary"
}

run "each_zone_has_a_private_subnet_of_its_own" {
  command = plan

  assert {
    condition     = toset([for subnet in aws_subnet.private : subnet.cidr_block]) == toset(["10.64.0.0/24", "10.64.1.0/24", "10.64.2.0/24"])
    error_message = "Three subnets must not overlap."
  }

  assert {
    condition     = !anytrue([for subnet in aws_subnet.private : coalesce(subnet.map_public_ip_on_launch, false)])
    error_message = "Nothing in a subnet may get a public address."
  }
}

run "security_groups_open_nothing_to_addresses" {
  command = plan

  assert {
    condition = alltrue([for rule in concat(values(aws_vpc_security_group_egress_rule.to_s3), [aws_vpc_security_group_egress_rule.functions_to_endpoints]) :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.from_port == 443 && rule.to_port == 443
    ])
    error_message = "What goes out goes to the endpoints or to S3's prefix list, by HTTPS."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints_from_functions.cidr_ipv4 == null
    error_message = "What comes in comes from the functions' group."
  }
}

run "the_acl_lets_neither_ssh_nor_rdp_in" {
  command = plan

  assert {
    condition = !anytrue(flatten([for port in [22, 3389] : [for rule in aws_network_acl.private.ingress :
      rule.from_port <= port && port <= rule.to_port
    ]]))
    error_message = "Administration ports must be closed (Security Hub EC2.21)."
  }
}

run "endpoints_serve_this_account_and_these_buckets" {
  command = plan

  assert {
    condition = alltrue([for endpoint in concat([aws_vpc_endpoint.s3], values(aws_vpc_endpoint.interface)) : alltrue([
      for statement in jsondecode(endpoint.policy).Statement : statement.Condition.StringEquals["aws:PrincipalAccount"] == "111122223333"
    ])])
    error_message = "Another account's keys must carry nothing out."
  }

  assert {
    condition     = toset(jsondecode(aws_vpc_endpoint.s3.policy).Statement[0].Resource) == toset(["arn:aws:s3:::acme-raw-data", "arn:aws:s3:::acme-raw-data/*"])
    error_message = "Only the stack's buckets may be reached."
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.interface["kinesis-streams"].policy).Statement[0].Action == "kinesis:*"
    error_message = "An endpoint serves its own service."
  }
}

run "a_cluster_opens_the_acl_inside_alone_and_the_layers_of_images_for_reading" {
  command = plan

  variables {
    internal_cidrs = ["10.64.0.0/20", "169.254.171.0/24"]
    pulls_images   = true
  }

  assert {
    condition = alltrue([for rules in [aws_network_acl.private.ingress, aws_network_acl.private.egress] :
      toset([for rule in rules : rule.cidr_block if rule.protocol == "-1"]) == toset(var.internal_cidrs)
    ])
    error_message = "Every protocol must go inside, and nowhere else."
  }

  assert {
    condition = one([for statement in jsondecode(aws_vpc_endpoint.s3.policy).Statement : statement if statement.Sid == "LayersOfImages"]) == {
      Sid = "LayersOfImages", Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*"
    }
    error_message = "Layers must be readable, and nothing else of others."
  }
}

run "traffic_is_logged_under_our_key_by_our_flow_logs_alone" {
  command = plan

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn
    error_message = "All traffic must be logged, encrypted."
  }

  assert {
    condition     = jsondecode(aws_iam_role.flow.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "Another account's flow logs must not take the role."
  }
}
