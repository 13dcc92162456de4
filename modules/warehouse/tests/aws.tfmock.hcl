mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { name = "eu-central-1" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/acme-warehouse-copy" }
}

mock_resource "aws_redshiftserverless_namespace" {
  defaults = { arn = "arn:aws:redshift-serverless:eu-central-1:111122223333:namespace/n" }
}

mock_resource "aws_scheduler_schedule_group" {
  defaults = { arn = "arn:aws:scheduler:eu-central-1:111122223333:schedule-group/acme-warehouse-snapshot" }
}
