# What a month may cost, where the environment says. It stops nothing; the warehouse's daily limit does.

resource "aws_budgets_budget" "monthly" {
  for_each = { for usd in var.monthly_budget_usd[*] : "monthly" => usd }

  name         = local.budget_name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(each.value)
  limit_unit   = "USD"

  # Counted once the tag is activated for cost allocation in the account that pays (docs/deployment.md).
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:project$%s", var.project_name)] # key$value; "$${" would be an escape
  }

  # Before it is spent, by AWS's forecast; and when it is.
  dynamic "notification" {
    for_each = { FORECASTED = 100, ACTUAL = 80 }

    content {
      comparison_operator       = "GREATER_THAN"
      notification_type         = notification.key
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [module.observability.topic_arn]
    }
  }
}

locals {
  budget_name = "${var.project_name}-monthly"
  budget_arn  = "arn:${local.partition}:budgets::${local.account_id}:budget/${local.budget_name}"

  budget_key_use = { for arn in [local.budget_arn] : "BudgetPublishes" => {
    service     = "budgets.amazonaws.com"
    source_arns = [arn]
  } if var.monthly_budget_usd != null }
}
