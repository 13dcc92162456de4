# Where it counts.
# How to deploy it: docs/deployment.md.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket, key and region are the account's: `make bootstrap ENV=prod` writes them into backend.hcl.
  backend "s3" {
    key          = "prod/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = { project = var.project_name, environment = "prod", managed-by = "terraform" }
  }
}

module "datavault" {
  source = "../../infrastructure"

  project_name = var.project_name
  package_dir  = "../../build"
  alarm_emails = var.alarm_emails

  # What COMPLIANCE locks nobody can delete before its time, the account's root included; docs/deployment.md, "Teardown".
  object_lock = {
    days                  = 365
    mode                  = var.accept_compliance_mode ? "COMPLIANCE" : "GOVERNANCE"
    allow_compliance_mode = var.accept_compliance_mode
  }

  # A tenth of the events for five minutes, then all of them: `make rollout ENV=prod` (docs/operations/releases.md).
  gradual_release = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
  code_signing    = true

  # Off, where the organization's own detector watches this account.
  guardduty = true

  network            = { cidr = "10.66.0.0/20" }
  audit_trail        = true
  monthly_budget_usd = 5000

  warehouse = {
    # Loading as often as a contract promises 5 minutes keeps it awake all day: 8 × 24 hours. Little data, little time:
    # `make cost ENV=prod GB_PER_DAY=…`. The limits let that through, and people's queries a little beyond it.
    base_capacity_rpu       = 8
    daily_limit_rpu_hours   = 240
    monthly_limit_rpu_hours = 6500
    snapshot                = { cron = "cron(30 3 * * ? *)", retention_days = 35 }
  }
  functions = { processor = { maximum_concurrency = 50 } }

  # Kubernetes for objects that are too large for a Lambda, $352 a month: docs/operations/platform.md.
  # worker = { threshold_mb = 1000 }
  # platform = {
  #   access_entries = { operators = { principal_arn = "arn:aws:iam::…:role/…", policies = { AmazonEKSClusterAdminPolicy = {} } } }
  # }
}
