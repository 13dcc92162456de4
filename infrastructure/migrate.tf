# The loader brings the warehouse's tables to the contracts, so that one apply gives a pipeline ready for data.
# A breaking change is refused there, and fails the apply with the loader's words.
resource "aws_lambda_invocation" "migrate" {
  function_name = module.loader.name
  input         = jsonencode({ action = "migrate" })

  triggers = {
    contracts = local.contracts_hash
    namespace = module.warehouse.namespace_id
    workgroup = module.warehouse.workgroup_id
  }
}
