# Calls are signed, come from inside, and are written down.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name               = "acme"
  vpc_id             = "vpc-1"
  members            = { nodes = { security_group_id = "sg-nodes", port = 8080 } }
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  log_retention_days = 30
}

run "who_calls_is_known_and_inside" {
  command = plan

  assert {
    condition     = aws_vpclattice_service_network.this.auth_type == "AWS_IAM"
    error_message = "Without IAM nobody would have to say who he is."
  }

  assert {
    condition = one(jsondecode(aws_vpclattice_auth_policy.this.policy).Statement).Condition == {
      StringEquals = { "aws:PrincipalAccount" = "111122223333", "vpc-lattice-svcs:SourceVpc" = "vpc-1" }
    }
    error_message = "Callers are of this account and in this VPC."
  }
}

run "named_roles_are_the_only_callers" {
  command = plan

  variables {
    caller_role_arns = ["arn:aws:iam::111122223333:role/acme-console"]
  }

  assert {
    condition     = one(jsondecode(aws_vpclattice_auth_policy.this.policy).Statement).Condition.ArnEquals["aws:PrincipalArn"] == ["arn:aws:iam::111122223333:role/acme-console"]
    error_message = "Others of the account must not call."
  }
}

run "no_group_names_an_address" {
  command = plan

  assert {
    condition = alltrue([for rule in concat(values(aws_vpc_security_group_ingress_rule.from_members), values(aws_vpc_security_group_ingress_rule.members_serve), values(aws_vpc_security_group_egress_rule.members_call)) :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null
    ])
    error_message = "Groups name one another and Lattice's prefix list."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.members_serve["nodes"].prefix_list_id == "pl-lattice" && aws_vpc_security_group_ingress_rule.members_serve["nodes"].from_port == 8080
    error_message = "Lattice reaches members on the port on which they serve."
  }

  assert {
    condition     = aws_vpclattice_service_network_vpc_association.this.security_group_ids == tolist(["sg-mesh"])
    error_message = "The VPC's way to the network must be guarded."
  }
}

run "every_call_is_written_down_under_our_key" {
  command = plan

  assert {
    condition     = aws_vpclattice_access_log_subscription.this.destination_arn == aws_cloudwatch_log_group.access.arn && aws_cloudwatch_log_group.access.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.access.retention_in_days == 30
    error_message = "The access log must go to a group with our key and an end."
  }
}
