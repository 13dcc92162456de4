# Groups of our own on nodes and control plane. The one that EKS makes, with its way out to everywhere, is on no node.

locals {
  groups = {
    control-plane = "API server of ${var.name}: HTTPS from nodes and operators."
    nodes         = "Nodes of ${var.name}: one another, the API server, AWS's endpoints, S3."
    operators     = "Operators of ${var.name}: whoever carries this group reaches the API server."
  }

  # From whom, to whom, on which port; both ends get their rule.
  flows = {
    nodes-to-api       = { from = "nodes", to = "control-plane", ports = { from = 443, to = 443 }, why = "Nodes and pods call the API server." }
    operators-to-api   = { from = "operators", to = "control-plane", ports = { from = 443, to = 443 }, why = "Operators call the API server." }
    api-to-nodes       = { from = "control-plane", to = "nodes", ports = { from = 1025, to = 65535 }, why = "The API server calls kubelets, webhooks and metrics-server." }
    api-to-nodes-https = { from = "control-plane", to = "nodes", ports = { from = 443, to = 443 }, why = "The API server calls webhooks on 443." }
  }

  group_ids = { for name, group in aws_security_group.this : name => group.id }

  egress = merge(
    { for name, flow in local.flows : name => { group = flow.from, peer = local.group_ids[flow.to], ports = flow.ports, why = flow.why } },
    { for name in ["nodes", "operators"] : "${name}-to-endpoints" => {
      group = name, peer = var.endpoint_security_group_id, ports = { from = 443, to = 443 }, why = "AWS's services, through their endpoints."
    } },
    { nodes-among-themselves = { group = "nodes", peer = local.group_ids["nodes"], ports = null, why = "Pods of one node talk to those of another." } },
  )
  ingress = merge(
    { for name, flow in local.flows : name => { group = local.group_ids[flow.to], peer = local.group_ids[flow.from], ports = flow.ports, why = flow.why } },
    { for name in ["nodes", "operators"] : "${name}-to-endpoints" => {
      group = var.endpoint_security_group_id, peer = local.group_ids[name], ports = { from = 443, to = 443 }, why = "The cluster calls AWS's services."
    } },
    { nodes-among-themselves = { group = local.group_ids["nodes"], peer = local.group_ids["nodes"], ports = null, why = "Pods of one node talk to those of another." } },
  )
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:control plane and nodes carry theirs; operators' is for those who come
  for_each = local.groups

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = local.egress

  security_group_id            = local.group_ids[each.value.group]
  referenced_security_group_id = each.value.peer
  description                  = each.value.why
  ip_protocol                  = each.value.ports == null ? "-1" : "tcp"
  from_port                    = one(each.value.ports[*].from)
  to_port                      = one(each.value.ports[*].to)
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = local.ingress

  security_group_id            = each.value.group
  referenced_security_group_id = each.value.peer
  description                  = each.value.why
  ip_protocol                  = each.value.ports == null ? "-1" : "tcp"
  from_port                    = one(each.value.ports[*].from)
  to_port                      = one(each.value.ports[*].to)
}

resource "aws_vpc_security_group_egress_rule" "nodes_to_s3" {
  security_group_id = local.group_ids["nodes"]
  prefix_list_id    = var.s3_prefix_list_id
  description       = "To S3, through its gateway endpoint: objects, and the layers of images."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
