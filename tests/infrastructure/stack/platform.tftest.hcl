# The stack with its platform, planned without a cloud.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }

  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }

  mock_data "aws_eks_addon_version" {
    defaults = { version = "v1.0.0-eksbuild.1" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/acme" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/k" }
  }
}

variables {
  project_name  = "acme"
  contracts_dir = "tests/contracts"
  worker        = { threshold_mb = 1000 }
}

run "without_being_asked_there_is_no_platform" {
  command = plan

  variables {
    network = { cidr = "10.64.0.0/20" }
  }

  assert {
    condition     = output.platform == null && length(module.cluster) + length(module.registry) + length(module.mesh) + length(module.platform_key) + length(aws_iam_role.mesh_controller) == 0
    error_message = "A cluster costs money: it must be asked for."
  }
}

run "a_platform_is_private_and_has_its_way_to_aws" {
  command = plan

  variables {
    network = { cidr = "10.64.0.0/20" }
    platform = {
      nodes              = { count = 3 }
      interface_services = { monitoring = "cloudwatch" }
      image_account_ids  = ["444455556666"]
    }
  }

  assert {
    condition     = output.platform.cluster_name == "acme" && output.platform.service_network == "acme"
    error_message = "Cluster and service network must carry the stack's name."
  }

  assert {
    condition = length(setsubtract(
      ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "kinesis-streams", "monitoring", "sqs", "tagging", "vpc-lattice"],
      keys(merge(local.interface_services, local.platform_interface_services)),
    )) == 0
    error_message = "Without its endpoints a node does not join, and without the extra one an exporter is blind."
  }

  assert {
    condition     = toset(flatten(local.platform_cidrs)) == toset(["10.64.0.0/20", "169.254.171.0/24"])
    error_message = "The network ACL must let pods and VPC Lattice through, and nobody else."
  }

  assert {
    condition = length(setintersection(
      flatten([for statement in jsondecode(aws_iam_policy.platform_boundary["this"].policy).Statement : statement.Action]),
      ["iam:PassRole", "ec2:RunInstances", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateRoute", "elasticloadbalancing:CreateLoadBalancer", "vpc-lattice:PutAuthPolicy"],
    )) == 0
    error_message = "Whoever gets into the cluster must not open it, nor make machines."
  }

  assert {
    condition = [for role in [aws_iam_role.keda["this"], aws_iam_role.mesh_controller["this"]] : values(jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals)] == [
      ["acme", "keda", "keda-operator"], ["acme", "aws-application-networking-system", "gateway-api-controller"],
    ]
    error_message = "Other pods, and another cluster's, must not take a role."
  }
}

run "the_worker_gets_its_role_by_its_service_account" {
  command = plan

  variables {
    network  = { cidr = "10.64.0.0/20" }
    platform = {}
  }

  assert {
    condition     = local.pod_identities["worker"].namespace == "datavault" && local.pod_identities["worker"].service_account == "datavault-processor"
    error_message = "The pods of k8s/ would have no credentials."
  }
}

run "a_platform_without_a_network_is_refused" {
  command = plan

  variables {
    platform = {}
  }

  expect_failures = [var.platform]
}

run "a_platform_without_work_is_refused" {
  command = plan

  variables {
    network  = { cidr = "10.64.0.0/20" }
    platform = {}
    worker   = null
  }

  expect_failures = [var.platform]
}

run "an_account_of_thirteen_digits_pulls_nothing" {
  command = plan

  variables {
    network  = { cidr = "10.64.0.0/20" }
    platform = { image_account_ids = ["1234567890123"] }
  }

  expect_failures = [var.platform]
}
