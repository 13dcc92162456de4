# Where people try things: small, cheap, quick to throw away.
# How to deploy it: docs/deployment.md.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket, key and region are the account's: `make bootstrap ENV=dev` writes them into backend.hcl.
  backend "s3" {
    key          = "dev/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = { project = var.project_name, environment = "dev", managed-by = "terraform" }
  }
}

module "datavault" {
  source = "../../infrastructure"

  project_name = var.project_name
  package_dir  = "../../build"
  alarm_emails = var.alarm_emails

  disposable         = true
  log_retention_days = 30
  raw_retention_days = 30
  object_lock        = { days = 1 }
  stream             = { mode = "PROVISIONED", shard_count = 1, retention_hours = 24 }
  monthly_budget_usd = 100
  warehouse          = { base_capacity_rpu = 4, daily_limit_rpu_hours = 8 }
  functions          = { processor = { maximum_concurrency = 2 }, auditor = { period_minutes = 60 } }
}
