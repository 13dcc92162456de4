# What a day costs in Lambda and Kinesis, estimated from metrics that are there and list prices. The warehouse is not in it:
# CloudWatch has its RPU-seconds only as a sum over the last half hour. `datavault cost` has the whole bill.

locals {
  # Of us-east-1, wherever the stack is: a graph of cost shows when it changes, and by how much.
  prices = yamldecode(file("${path.module}/prices/us-east-1.yaml"))

  # As text: CloudWatch does not read 1.3e-05.
  usd = { for name, price in local.prices.prices : name => format("%.12f", price.usd) }

  # Metric math; a day is its period, so that a sum is a day's. A metric without a value that day counts as 0.
  cost_terms = {
    Lambda = join(" + ", flatten([for stage, memory in local.stage_memory_mb : [
      "FILL(duration_${stage}, 0) / 1000 * ${memory} / 1024 * ${local.usd["lambda_${var.architecture}"]}",
      "FILL(invocations_${stage}, 0) * ${local.usd.lambda_request}",
    ]]))
    Kinesis = join(" + ", var.stream.mode == "ON_DEMAND" ? [
      "24 * ${local.usd.kinesis_stream_hour}",
      "FILL(stream_bytes, 0) / 1073741824 * (${local.usd.kinesis_in} + ${local.usd.kinesis_out})",
      ] : [
      "24 * ${var.stream.shard_count} * ${local.usd.kinesis_shard_hour}",
      "FILL(stream_bytes, 0) / 25600 * ${local.usd.kinesis_put}", # a put unit is 25 KB
    ])
  }

  cost_metrics = concat(
    flatten([for id, metric in { duration = "Duration", invocations = "Invocations" } : [
      for stage in keys(local.stage_memory_mb) : { id = "${id}_${stage}", metric = ["AWS/Lambda", metric, "FunctionName", local.stages[stage]] }
    ]]),
    [{ id = "stream_bytes", metric = ["AWS/Kinesis", "IncomingBytes", "StreamName", module.chunks.name] }],
  )

  record_metrics = flatten([for id, metric in { valid = "RecordsValid", bad = "RecordsQuarantined" } : [
    for index, dataset in local.datasets : { id = "${id}_${index}", metric = [local.metrics_namespace, metric, "service", "processor", "dataset", dataset] }
  ]])

  hidden_cost_metrics   = [for source in local.cost_metrics : concat(source.metric, [{ id = source.id, visible = false }])]
  hidden_record_metrics = [for source in local.record_metrics : concat(source.metric, [{ id = source.id, visible = false }])]
  cost_label            = "US dollars (estimated, list prices of ${formatdate("YYYY-MM-DD", local.prices.date)})"

  cost_graphs = [
    {
      title          = "Lambda and Kinesis: cost a day"
      label          = local.cost_label
      period_seconds = 86400
      metrics        = concat([for service, term in local.cost_terms : [{ expression = term, label = service }]], local.hidden_cost_metrics)
    },
    {
      title          = "Lambda and Kinesis: cost of a million records"
      label          = local.cost_label
      period_seconds = 86400
      metrics = concat(
        [[{
          expression = "1000000 * (${join(" + ", values(local.cost_terms))}) / (${join(" + ", [for source in local.record_metrics : "FILL(${source.id}, 0)"])})"
          label      = "a million records"
        }]],
        local.hidden_cost_metrics, local.hidden_record_metrics,
      )
    },
  ]

  # The migrator runs once an apply.
  stage_memory_mb = { for stage, size in var.functions : stage => size.memory_mb }
}
