# What may come out of the cluster: the roles of its service accounts, and what any role of the platform may do at most.

locals {
  # Service accounts as k8s/ and the charts name them.
  controllers = {
    keda            = { namespace = "keda", service_account = "keda-operator" }
    mesh-controller = { namespace = "aws-application-networking-system", service_account = "gateway-api-controller" }
  }
  pod_identities = merge(
    { keda = merge(local.controllers.keda, { role_arn = one(values(aws_iam_role.keda)[*].arn) }) },
    { mesh-controller = merge(local.controllers.mesh-controller, { role_arn = one(values(aws_iam_role.mesh_controller)[*].arn) }) },
    { for role in values(aws_iam_role.worker) : "worker" => merge(local.worker_pod, { role_arn = role.arn }) },
  )

  large_objects_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.project_name}-large-objects"
  own_lattice       = "arn:${local.partition}:vpc-lattice:${local.region}:${local.account_id}:*"
  lattice_actions = [for action in [
    "CreateListener", "CreateRule", "CreateService", "CreateServiceNetworkServiceAssociation", "CreateTargetGroup",
    "DeleteListener", "DeleteRule", "DeleteService", "DeleteServiceNetworkServiceAssociation", "DeleteTargetGroup",
    "DeregisterTargets",
    "GetListener", "GetRule", "GetService", "GetServiceNetwork", "GetServiceNetworkServiceAssociation",
    "GetServiceNetworkVpcAssociation", "GetTargetGroup",
    "ListListeners", "ListRules", "ListServiceNetworks", "ListServiceNetworkServiceAssociations",
    "ListServiceNetworkVpcAssociations", "ListServices", "ListTagsForResource", "ListTargetGroups", "ListTargets",
    "RegisterTargets", "TagResource", "UntagResource",
    "UpdateListener", "UpdateRule", "UpdateService", "UpdateTargetGroup",
  ] : "vpc-lattice:${action}"]

  # These know no resource that could be named.
  lattice_reads = ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeTags", "ec2:DescribeVpcs", "tag:GetResources"]
}

# KEDA sees how many objects wait, and gives the worker as many pods.
resource "aws_iam_role" "keda" {
  for_each = local.platform

  name                 = "${var.project_name}-keda"
  description          = "What KEDA's operator of ${var.project_name} may do."
  permissions_boundary = aws_iam_policy.platform_boundary[each.key].arn
  assume_role_policy   = local.pods_trust["keda"]
}

resource "aws_iam_role_policy" "keda" {
  for_each = local.platform

  name = "queue"
  role = aws_iam_role.keda[each.key].id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "SeeBacklog", Effect = "Allow", Action = "sqs:GetQueueAttributes", Resource = local.large_objects_arn }]
  })
}

# AWS's Gateway API controller: services and targets of the mesh, after the cluster's HTTPRoutes. The network itself, its
# policy for callers and the VPC's way to it stay Terraform's.
resource "aws_iam_role" "mesh_controller" {
  for_each = local.platform

  name                 = "${var.project_name}-mesh-controller"
  description          = "What the Gateway API controller of ${var.project_name} may do."
  permissions_boundary = aws_iam_policy.platform_boundary[each.key].arn
  assume_role_policy   = local.pods_trust["mesh-controller"]
}

resource "aws_iam_role_policy" "mesh_controller" {
  for_each = local.platform

  name = "mesh"
  role = aws_iam_role.mesh_controller[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "OwnServices", Effect = "Allow", Action = local.lattice_actions, Resource = local.own_lattice },
      { Sid = "LookAround", Effect = "Allow", Action = local.lattice_reads, Resource = "*" },
    ]
  })
}

locals {
  # Pod Identity says by tags who asks. Only the one service account takes the role, whatever else is associated with it:
  # for the controllers that of this cluster; the worker may run in a cluster that the account has already.
  pods_trust = { for name, pod in merge(local.controllers, { worker = local.worker_pod }) : name => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = { StringEquals = merge(
        {
          "aws:RequestTag/kubernetes-namespace"       = pod.namespace
          "aws:RequestTag/kubernetes-service-account" = pod.service_account
        },
        contains(keys(local.controllers), name) ? { "aws:RequestTag/eks-cluster-name" = var.project_name } : {},
      ) }
    }]
  }) }
}

# Apart from the stack's boundary (boundary.tf), whose roles have no business with networks and machines. AWS's own
# policies bring more than this: a load balancer, for one, the control plane cannot make.
resource "aws_iam_policy" "platform_boundary" {
  #checkov:skip=CKV_AWS_355:a boundary grants nothing; each role's own policy says what it may do
  #checkov:skip=CKV_AWS_290:a boundary grants nothing; each role's own policy says what it may do
  #checkov:skip=CKV_AWS_289:a boundary grants nothing; each role's own policy says what it may do
  for_each = local.platform

  name        = "${var.project_name}-platform-boundary"
  description = "The most that a role of the platform of ${var.project_name} can be granted."

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "JoinAndPull"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
          "eks-auth:AssumeRoleForPodIdentity", "eks:DescribeCluster",
        ]
        Resource = "*"
      },
      {
        Sid    = "NetworkAndMachines"
        Effect = "Allow"
        Action = [
          "autoscaling:DescribeAutoScalingGroups", "autoscaling:UpdateAutoScalingGroup",
          "ec2:AssignPrivateIpAddresses", "ec2:AttachNetworkInterface", "ec2:CreateNetworkInterface", "ec2:CreateTags",
          "ec2:DeleteNetworkInterface", "ec2:DescribeAccountAttributes", "ec2:DescribeAvailabilityZones",
          "ec2:DescribeDhcpOptions", "ec2:DescribeInstanceTopology", "ec2:DescribeInstanceTypes", "ec2:DescribeInstances",
          "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
          "ec2:DescribeTags", "ec2:DescribeVolumes", "ec2:DescribeVpcs", "ec2:DetachNetworkInterface",
          "ec2:ModifyInstanceAttribute", "ec2:ModifyNetworkInterfaceAttribute", "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = "*"
      },
      {
        Sid      = "OwnSecretsKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"]
        Resource = module.platform_key[each.key].arn
      },
      { Sid = "SeeBacklog", Effect = "Allow", Action = "sqs:GetQueueAttributes", Resource = local.large_objects_arn },
      { Sid = "OwnServices", Effect = "Allow", Action = local.lattice_actions, Resource = local.own_lattice },
      { Sid = "LookAround", Effect = "Allow", Action = local.lattice_reads, Resource = "*" },
    ]
  })
}
