data "google_project" "this" {}

locals {
  repository = "${path.module}/.."

  # The deployed files: path -> text. A checkout on Windows may end lines with \r\n. The zip always
  # has \n, so that it is the same on every machine.
  deployed = {
    for file in setunion(
      ["main.py", "requirements.txt"],
      [for file in fileset(local.repository, "{functions,sql}/**") : file if !strcontains(file, "__pycache__")],
    ) : file => replace(file("${local.repository}/${file}"), "\r\n", "\n")
  }
}

# One zip with the code of all functions of all cells. `source` blocks and a fixed file mode make it the
# same on every machine. Its name has a digest of its files. So a saved plan uses exactly the zip that it
# was made with: if this file is missing, the apply stops.
data "archive_file" "functions" {
  type             = "zip"
  output_path      = "${path.root}/.terraform/functions-${substr(sha256(jsonencode(local.deployed)), 0, 16)}.zip"
  output_file_mode = "0644"

  dynamic "source" {
    for_each = local.deployed
    content {
      filename = source.key
      content  = source.value
    }
  }
}

module "cell" {
  source   = "./modules/cell"
  for_each = var.cells

  name = each.key
  # Google stores addresses in lower case. With other letters, every plan would show a change. If a group
  # were listed in two spellings, removing one of them would also remove the grant of the other.
  settings = merge(each.value, {
    readers   = toset([for group in each.value.readers : lower(group)])
    operators = toset([for group in each.value.operators : lower(group)])
    viewers   = toset([for person in each.value.viewers : lower(person)])
  })
  project_id        = var.project_id
  project_number    = data.google_project.this.number
  bigquery_endpoint = local.regions[each.value.region].bigquery_endpoint
  scheduler_region  = local.regions[each.value.region].scheduler
  source_zip        = { path = data.archive_file.functions.output_path, sha256 = data.archive_file.functions.output_sha256 }
  sql               = "${local.repository}/sql"
  agents            = local.agents
  partners          = local.partners_by_cell[each.key]
  signing_versions  = { for name, partner in var.partners : name => partner.signing_version }
  signing_secrets   = var.signing_secrets
  partner_readers   = { for name, partner in var.partners : name => toset([for group in partner.readers : lower(group)]) if length(partner.readers) > 0 }
  viewers           = local.viewers_by_cell[each.key]
  callers           = local.callers_by_cell[each.key]
  retention_days    = var.retention_days
  alert_channels    = [for channel in google_monitoring_notification_channel.email : channel.id]
  labels            = merge(local.labels, { cell = each.key })
  subscriptions = merge([
    for name, partner in var.partners : {
      # A partner and a subscription have no full stop in their names, so each name here is unique.
      for key, subscription in partner.subscriptions : "${name}.${key}" => {
        endpoint = subscription.endpoint
        filter   = local.subscription_filters["${name}/${key}"]
      } if subscription.cell == each.key
    }
  ]...)

  # In an empty project, a cell needs these APIs and agents before anything else.
  depends_on = [
    time_sleep.apis,
    google_project_service_identity.agent,
    google_project_iam_member.agent,
    data.google_bigquery_default_service_account.agent,
    data.google_storage_project_service_account.agent,
  ]
}
