# What production will be, smaller: the same network, the same switches.
# How to deploy it: docs/deployment.md.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket, key and region are the account's: `make bootstrap ENV=staging` writes them into backend.hcl.
  backend "s3" {
    key          = "staging/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = { project = var.project_name, environment = "staging", managed-by = "terraform" }
  }
}

module "datavault" {
  source = "../../infrastructure"

  project_name = var.project_name
  package_dir  = "../../build"
  alarm_emails = var.alarm_emails

  # As in prod, so that a release is rehearsed: docs/operations/releases.md.
  gradual_release = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
  code_signing    = true

  log_retention_days = 90
  raw_retention_days = 90
  object_lock        = { days = 7 }
  network            = { cidr = "10.65.0.0/20" }
  audit_trail        = true
  monthly_budget_usd = 500
  warehouse          = { base_capacity_rpu = 8, daily_limit_rpu_hours = 24 }

  # Kubernetes for objects that are too large for a Lambda, $352 a month; the budget above is not enough for both:
  # docs/operations/platform.md.
  # worker = { threshold_mb = 1000 }
  # platform = {
  #   access_entries = { operators = { principal_arn = "arn:aws:iam::…:role/…", policies = { AmazonEKSClusterAdminPolicy = {} } } }
  # }
}
