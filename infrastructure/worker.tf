# Stage 2 for what is too large for a function: the processor hands such objects over by this queue, and the same work is
# done by the worker, a container on Kubernetes (docs/operations/worker.md). Everything here is there where `worker` is.

module "large_objects" {
  source   = "../modules/queue"
  for_each = local.worker

  name        = "${var.project_name}-large-objects"
  kms_key_arn = module.clear_key.arn
  # The worker says at each receive how long a message is hidden, and renews it (lambdas/datavault/worker/heartbeat.py).
  # Six times this is the same, for whoever receives by hand.
  consumer_timeout_seconds = 20
}

resource "aws_iam_role" "worker" {
  for_each = local.worker

  name        = "${var.project_name}-worker"
  description = "What the worker of ${var.project_name} may do: the processor's work, from the queue of large objects."

  permissions_boundary = aws_iam_policy.boundary.arn
  assume_role_policy   = local.pods_trust["worker"]
}

resource "aws_iam_role_policy" "worker" {
  for_each = aws_iam_role.worker

  name = "worker"
  role = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in module.processor.work_statements : statement if statement.Sid != "HandOverLargeObjects"],
      [{
        Sid      = "ConsumeLargeObjects"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
        Resource = module.large_objects[each.key].arn
      }],
    )
  })
}

locals {
  worker = { for worker in var.worker[*] : "this" => worker }

  # The one service account of k8s/ that gets the worker's role.
  worker_pod = { namespace = "datavault", service_account = "datavault-processor" }

  # What the processor is told and may do, where there is a worker.
  hand_over_environment = merge([for key, worker in local.worker : {
    DATAVAULT_WORKER_QUEUE_URL       = module.large_objects[key].url
    DATAVAULT_WORKER_THRESHOLD_BYTES = tostring(worker.threshold_mb * 1000000)
  }]...)
  hand_over_permissions = { for key in keys(local.worker) : "HandOverLargeObjects" => {
    actions = ["sqs:SendMessage"], resources = [module.large_objects[key].arn]
  } }
}
