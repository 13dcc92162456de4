# Made at the first apply, written straight to Secrets Manager, and never in a plan or a state: both the random
# value and the argument that takes it are ephemeral.
ephemeral "aws_secretsmanager_random_password" "first" {
  password_length     = 64
  exclude_punctuation = true # 64 letters and digits are 381 bits, and need no escaping in JSON.
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:a new key changes every token; rotation adds a key id and is a decision, not a schedule
  name                    = var.name
  description             = var.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id = aws_secretsmanager_secret.this.id
  secret_string_wo = jsonencode({
    keys = { k1 = ephemeral.aws_secretsmanager_random_password.first.random_password }
  })

  # Written once, and never read again: `datavault masking rotate` adds keys. A higher number would replace them all, and
  # so cut all later tokens off from the earlier ones.
  secret_string_wo_version = 1
}
