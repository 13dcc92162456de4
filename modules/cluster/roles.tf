# AWS's own policies: EKS asks for the first two by name, and AWS changes them with what EKS needs. The boundary says
# what is the most they may bring.

locals {
  roles = {
    cluster = {
      description = "What the control plane of ${var.name} may do."
      policies    = ["AmazonEKSClusterPolicy"]
      service     = "eks.amazonaws.com"
      actions     = ["sts:AssumeRole"]
      # EKS says which cluster it acts for.
      condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnEquals    = { "aws:SourceArn" = "arn:${local.partition}:eks:${local.region}:${local.account_id}:cluster/${var.name}" }
      }
    }
    nodes = {
      description = "What the nodes of ${var.name} may do: join, pull images, hand out Pod Identities."
      policies    = ["AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy"]
      service     = "ec2.amazonaws.com"
      actions     = ["sts:AssumeRole"]
      condition   = null
    }
    vpc-cni = {
      description = "What the network plug-in of ${var.name} may do: give pods their addresses."
      policies    = ["AmazonEKS_CNI_Policy"]
      service     = "pods.eks.amazonaws.com"
      actions     = ["sts:AssumeRole", "sts:TagSession"]
      # Pod Identity says by tags who asks.
      condition = {
        StringEquals = {
          "aws:RequestTag/eks-cluster-name"           = var.name
          "aws:RequestTag/kubernetes-namespace"       = "kube-system"
          "aws:RequestTag/kubernetes-service-account" = "aws-node"
        }
      }
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.name}-${each.key}"
  description          = each.value.description
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      {
        Effect    = "Allow"
        Principal = { Service = each.value.service }
        Action    = each.value.actions
      },
      each.value.condition == null ? {} : { Condition = each.value.condition },
    )]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = { for attached in flatten([
    for role, about in local.roles : [for policy in about.policies : { role = role, policy = policy }]
  ]) : "${attached.role}/${attached.policy}" => attached }

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.value.policy}"
}
