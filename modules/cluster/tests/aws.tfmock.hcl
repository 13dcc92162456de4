mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { name = "eu-central-1" }
}

mock_data "aws_default_tags" {
  defaults = { tags = { project = "acme" } }
}

mock_data "aws_eks_addon_version" {
  defaults = { version = "v1.0.0-eksbuild.1" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/acme" }
}

mock_resource "aws_launch_template" {
  defaults = { id = "lt-1", latest_version = 3 }
}

mock_resource "aws_security_group" {
  defaults = { id = "sg-own" }
}
