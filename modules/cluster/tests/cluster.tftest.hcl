# The control plane: private, encrypted, logged, and open to those alone who are named.

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

run "the_api_server_is_private_until_ranges_are_named" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "Without ranges the API server must not be on the internet (Security Hub EKS.1)."
  }
}

run "named_ranges_open_the_api_server_to_themselves" {
  command = plan

  variables {
    public_access_cidrs = ["203.0.113.0/24"]
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["203.0.113.0/24"])
    error_message = "Only the ranges may come in."
  }
}

run "secrets_are_encrypted_and_every_log_is_kept" {
  command = plan

  assert {
    condition     = one(aws_eks_cluster.this.encryption_config).resources == toset(["secrets"]) && one(one(aws_eks_cluster.this.encryption_config).provider).key_arn == var.kms_key_arn
    error_message = "Secrets must be encrypted by our key (EKS.3)."
  }

  assert {
    condition     = aws_eks_cluster.this.enabled_cluster_log_types == toset(["api", "audit", "authenticator", "controllerManager", "scheduler"])
    error_message = "Every log must be on (EKS.8)."
  }

  assert {
    condition     = aws_cloudwatch_log_group.control_plane.name == "/aws/eks/acme/cluster" && aws_cloudwatch_log_group.control_plane.kms_key_id == var.log_kms_key_arn && aws_cloudwatch_log_group.control_plane.retention_in_days == 30
    error_message = "The logs must go into the group that has our key and an end."
  }
}

run "whoever_makes_the_cluster_does_not_own_it" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "Access must be by entries alone."
  }

  assert {
    condition     = length(aws_eks_access_entry.this) == 0 && length(aws_eks_pod_identity_association.this) == 0
    error_message = "Nobody comes in who is not named."
  }
}

run "no_version_is_kept_at_the_price_of_extended_support" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.upgrade_policy[0].support_type == "STANDARD" && contains(["1.35", "1.36"], aws_eks_cluster.this.version)
    error_message = "A forgotten version must be upgraded, not paid for sixfold."
  }
}

run "access_is_as_wide_as_it_is_written" {
  command = plan

  variables {
    access_entries = {
      operators  = { principal_arn = "arn:aws:iam::111122223333:role/operators", policies = { AmazonEKSClusterAdminPolicy = {} } }
      developers = { principal_arn = "arn:aws:iam::111122223333:role/developers", policies = { AmazonEKSViewPolicy = { namespaces = ["datavault"] } } }
      viewers    = { principal_arn = "arn:aws:iam::111122223333:role/viewers", kubernetes_groups = ["viewers"] }
    }
    pod_identities = {
      worker = { namespace = "datavault", service_account = "datavault-processor", role_arn = "arn:aws:iam::111122223333:role/acme-worker" }
    }
  }

  assert {
    condition     = toset(keys(aws_eks_access_policy_association.this)) == toset(["operators/AmazonEKSClusterAdminPolicy", "developers/AmazonEKSViewPolicy"])
    error_message = "Each policy must be associated, and no other."
  }

  assert {
    condition = (
      one(aws_eks_access_policy_association.this["operators/AmazonEKSClusterAdminPolicy"].access_scope).type == "cluster" &&
      one(aws_eks_access_policy_association.this["developers/AmazonEKSViewPolicy"].access_scope).type == "namespace" &&
      one(aws_eks_access_policy_association.this["developers/AmazonEKSViewPolicy"].access_scope).namespaces == toset(["datavault"])
    )
    error_message = "A policy for namespaces must stay in them."
  }

  assert {
    condition     = aws_eks_access_policy_association.this["developers/AmazonEKSViewPolicy"].policy_arn == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    error_message = "Access policies are EKS's own."
  }

  assert {
    condition     = aws_eks_pod_identity_association.this["worker"].namespace == "datavault" && aws_eks_pod_identity_association.this["worker"].service_account == "datavault-processor"
    error_message = "The service account must have its role."
  }
}
