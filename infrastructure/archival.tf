# How long objects are kept and when they move to a cheaper storage class, by data set; docs/operations/archival.md.

locals {
  # Days that the Parquet objects of a data set are kept (the warehouse keeps its rows); one that does not say is kept for ever.
  retention_days = { for dataset, promise in local.promises : dataset => floor(promise.retention / 86400) if can(promise.retention) }

  # Days that raw objects and what was set aside of them are kept, so that a replay finds both or neither.
  raw_retention_days = { for dataset in local.datasets : dataset =>
    try(floor(local.promises[dataset].raw_retention / 86400), var.raw_retention_days)
  }
  raw_retention_extremes = {
    shortest = min(var.raw_retention_days, values(local.raw_retention_days)...)
    longest  = max(var.raw_retention_days, values(local.raw_retention_days)...)
  }

  # The age in days at which objects move, by storage class, where a contract does not say. Both classes answer in
  # milliseconds: replays, reloads and verification read objects without anybody restoring them first. Raw objects are
  # read once on arrival, and S3 allows the first move after 30 days; Parquet objects for a reload or by people.
  moves = {
    raw  = { STANDARD_IA = 30, GLACIER_IR = 90 }
    data = { STANDARD_IA = 90, GLACIER_IR = 365 }
  }

  # archiveAfterDays of the schema objects, by data set and the object's name; null where it is not said.
  archive_after_days = { for dataset, contract in local.contracts : dataset => { for object in try(contract.schema, []) :
    object.name => one([for option in try(object.customProperties, []) : option.value if option.property == "archiveAfterDays"])
  } }

  # What would have expired by then does not move.
  raw_moves = { for dataset in local.datasets : dataset => {
    for class, days in try({ for class, days in local.archive_after_days[dataset]["${dataset}_raw"] : class => days }, local.moves.raw) :
    class => days if days < local.raw_retention_days[dataset]
  } }
  data_moves = { for dataset in local.datasets : dataset => {
    for class, days in try({ for class, days in local.archive_after_days[dataset][dataset] : class => days }, local.moves.data) :
    class => days if days < lookup(local.retention_days, dataset, 36501)
  } }
}

check "retention_outlasts_the_lock" {
  assert {
    condition = alltrue([for days in local.retention_days : days >= var.object_lock.days])
    error_message = format(
      "The contracts of %s keep Parquet objects for less than object_lock.days (%d): S3 hides them when their retention ends, but their bytes stay, and are paid for, until the lock ends. Lower object_lock.days, or raise the retention.",
      join(", ", [for dataset, days in local.retention_days : dataset if days < var.object_lock.days]), var.object_lock.days,
    )
  }
}
