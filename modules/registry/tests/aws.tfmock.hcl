mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:eu-central-1:111122223333:repository/acme/datavault-processor"
    repository_url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/datavault-processor"
  }
}
