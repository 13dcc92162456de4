# Nodes: what they are, what they may do, whom they may talk to.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name                       = "acme"
  vpc_id                     = "vpc-1"
  subnet_ids                 = ["subnet-a", "subnet-b", "subnet-c"]
  endpoint_security_group_id = "sg-endpoints"
  s3_prefix_list_id          = "pl-s3"
  kms_key_arn                = "arn:aws:kms:eu-central-1:111122223333:key/platform"
  log_kms_key_arn            = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  log_retention_days         = 30
  permissions_boundary_arn   = "arn:aws:iam::111122223333:policy/acme-platform-boundary"
}

run "a_pod_does_not_reach_the_credentials_of_its_node" {
  command = plan

  assert {
    condition     = aws_launch_template.nodes.metadata_options[0].http_tokens == "required" && aws_launch_template.nodes.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "IMDSv2 must be required, at one hop (EC2.8)."
  }

  assert {
    condition     = aws_launch_template.nodes.key_name == null && length(aws_eks_node_group.this.remote_access) == 0
    error_message = "Nobody logs in to a node."
  }
}

run "volumes_are_encrypted_by_our_key" {
  command = plan

  assert {
    condition = alltrue([for device in aws_launch_template.nodes.block_device_mappings :
      device.ebs[0].encrypted == "true" && device.ebs[0].kms_key_id == var.kms_key_arn && device.ebs[0].volume_type == "gp3"
    ])
    error_message = "Volumes must be gp3, encrypted by our key."
  }
}

run "nodes_are_graviton_of_the_clusters_version_and_no_more_than_asked_for" {
  command = plan

  assert {
    condition     = aws_eks_node_group.this.ami_type == "AL2023_ARM_64_STANDARD" && aws_eks_node_group.this.version == var.kubernetes_version && aws_eks_node_group.this.launch_template[0].version == "3"
    error_message = "Nodes must be arm64, of the control plane's version, by the latest template."
  }

  assert {
    condition     = aws_eks_node_group.this.scaling_config[0].max_size == 2 && aws_eks_node_group.this.scaling_config[0].min_size == 2
    error_message = "Nothing may add nodes, and with them costs."
  }

  assert {
    condition     = alltrue([for specification in aws_launch_template.nodes.tag_specifications : specification.tags.project == "acme"])
    error_message = "The budget counts by the project's tag."
  }
}

run "no_group_names_an_address" {
  command = plan

  assert {
    condition = alltrue([for rule in concat(values(aws_vpc_security_group_egress_rule.this), values(aws_vpc_security_group_ingress_rule.this), [aws_vpc_security_group_egress_rule.nodes_to_s3]) :
      rule.cidr_ipv4 == null && rule.cidr_ipv6 == null
    ])
    error_message = "Groups name one another and S3's prefix list."
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.this)) == toset(keys(aws_vpc_security_group_egress_rule.this))
    error_message = "What one end lets out the other lets in."
  }

  assert {
    condition     = toset([for name, rule in aws_vpc_security_group_ingress_rule.this : name if rule.security_group_id == var.endpoint_security_group_id]) == toset(["nodes-to-endpoints", "operators-to-endpoints"])
    error_message = "The endpoints must let nodes and operators in."
  }
}

run "the_network_plug_in_has_a_role_of_its_own" {
  command = plan

  assert {
    condition     = one(aws_eks_addon.daemon["vpc-cni"].pod_identity_association).service_account == "aws-node" && length(aws_eks_addon.daemon["kube-proxy"].pod_identity_association) == 0
    error_message = "The plug-in takes its role by Pod Identity."
  }

  assert {
    condition     = toset([for name, attached in aws_iam_role_policy_attachment.this : name if startswith(name, "nodes/")]) == toset(["nodes/AmazonEC2ContainerRegistryPullOnly", "nodes/AmazonEKSWorkerNodePolicy"])
    error_message = "Nodes pull and join; they must not change the network."
  }

  assert {
    condition     = jsondecode(aws_eks_addon.daemon["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "NetworkPolicies must hold."
  }
}

run "every_role_is_bounded_and_trusts_one_service" {
  command = plan

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == var.permissions_boundary_arn])
    error_message = "Every role must be under the boundary."
  }

  assert {
    condition = { for name, role in aws_iam_role.this : name => jsondecode(role.assume_role_policy).Statement[0].Principal.Service } == {
      cluster = "eks.amazonaws.com", nodes = "ec2.amazonaws.com", vpc-cni = "pods.eks.amazonaws.com"
    }
    error_message = "Each role is for its service."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["cluster"].assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:eks:eu-central-1:111122223333:cluster/acme"
    error_message = "Another cluster must not take the role."
  }

  assert {
    condition     = values(jsondecode(aws_iam_role.this["vpc-cni"].assume_role_policy).Statement[0].Condition.StringEquals) == ["acme", "kube-system", "aws-node"]
    error_message = "Other pods must not take the network plug-in's role."
  }
}

run "an_add_on_has_its_kubernetes_versions_default_unless_it_is_held_fast" {
  command = plan

  variables {
    addon_versions = { coredns = "v1.13.2-eksbuild.1" }
  }

  assert {
    condition     = aws_eks_addon.deployment["coredns"].addon_version == "v1.13.2-eksbuild.1" && aws_eks_addon.daemon["kube-proxy"].addon_version == "v1.0.0-eksbuild.1"
    error_message = "A pinned version must be taken, and the default otherwise."
  }

  assert {
    condition     = !contains(keys(data.aws_eks_addon_version.default), "coredns") && alltrue([for addon in data.aws_eks_addon_version.default : addon.most_recent == null || addon.most_recent == false])
    error_message = "What is pinned is not looked up, and nobody follows the most recent."
  }
}
