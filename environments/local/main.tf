# The stack on the local cloud (localcloud/). Account and keys are LocalStack's fixed ones and open nothing.
# A second stack beside it: TF_DATA_DIR and init -backend-config=path=… of its own, another endpoint.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Not Terraform's default name: init with another path would offer to move a state of that name.
  backend "local" {
    path = "local.tfstate"
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true

  endpoints {
    cloudwatch         = var.endpoint
    cloudwatchlogs     = var.endpoint
    events             = var.endpoint
    iam                = var.endpoint
    kinesis            = var.endpoint
    kms                = var.endpoint
    lambda             = var.endpoint
    redshiftserverless = var.endpoint
    s3                 = var.endpoint
    secretsmanager     = var.endpoint
    sns                = var.endpoint
    sqs                = var.endpoint
    sts                = var.endpoint
  }

  default_tags {
    tags = { project = var.project_name, environment = "local" }
  }
}

module "datavault" {
  source = "../../infrastructure"

  project_name = var.project_name
  package_dir  = var.package_dir
  endpoint_url = var.endpoint
  architecture = "x86_64"
  disposable   = true

  # Small, and quick to try again: a failed event comes back after six times the timeout.
  functions = {
    processor  = { timeout_seconds = 60, maximum_concurrency = 2 }
    enrichment = { parallelization_factor = 1, maximum_retries = 3 }
    loader     = { timeout_seconds = 60 }
    auditor    = { timeout_seconds = 60, period_minutes = 1 }
  }
  loader_window_seconds = 2
  stream                = { mode = "PROVISIONED", shard_count = 1, retention_hours = 24 }
  object_lock           = { days = 1 }

  # Just above the flights, so that one object of the demo goes to the worker (`make worker`).
  worker = { threshold_mb = 32 }
}
