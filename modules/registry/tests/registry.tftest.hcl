# What was pushed is what runs, and what nobody needs goes.

mock_provider "aws" {
  source          = "./tests"
  override_during = plan
}

variables {
  name        = "acme/datavault-processor"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/platform"
  puller_arns = ["arn:aws:iam::111122223333:role/acme-nodes"]
}

run "a_tag_is_given_once_and_every_image_is_scanned" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "Tags must be immutable and images scanned (Security Hub ECR.1, ECR.2)."
  }

  assert {
    condition     = one(aws_ecr_repository.this.encryption_configuration).encryption_type == "KMS" && one(aws_ecr_repository.this.encryption_configuration).kms_key == var.kms_key_arn
    error_message = "Images must be encrypted by our key (ECR.5)."
  }

  assert {
    condition     = !aws_ecr_repository.this.force_delete
    error_message = "Destroy must not take images along unless it is said."
  }
}

run "what_nobody_needs_expires" {
  command = plan

  assert {
    condition = { for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.tagStatus => "${rule.selection.countType} ${rule.selection.countNumber}" } == {
      untagged = "sinceImagePushed 7", tagged = "imageCountMoreThan 30"
    }
    error_message = "Untagged images go after days, tagged ones when there are enough later ones (ECR.3)."
  }
}

run "who_is_named_may_pull_and_nothing_else" {
  command = plan

  assert {
    condition     = one(jsondecode(aws_ecr_repository_policy.this.policy).Statement).Principal.AWS == ["arn:aws:iam::111122223333:role/acme-nodes"]
    error_message = "Only those named may pull."
  }

  assert {
    condition     = alltrue([for action in one(jsondecode(aws_ecr_repository_policy.this.policy).Statement).Action : can(regex("^ecr:Batch(Check|Get)|^ecr:GetDownload", action))])
    error_message = "Pulling needs no right to change."
  }
}
