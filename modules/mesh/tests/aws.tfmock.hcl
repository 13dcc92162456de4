mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_region" {
  defaults = { name = "eu-central-1" }
}

mock_data "aws_ec2_managed_prefix_list" {
  defaults = { id = "pl-lattice" }
}

mock_resource "aws_security_group" {
  defaults = { id = "sg-mesh" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/vendedlogs/vpc-lattice/acme" }
}

mock_resource "aws_vpclattice_service_network" {
  defaults = { arn = "arn:aws:vpc-lattice:eu-central-1:111122223333:servicenetwork/sn-1", id = "sn-1" }
}
