data "google_project" "this" {}

locals {
  repository = "${path.module}/.."

  # What is deployed, by file. A checkout on Windows may have other ends of lines; the zip has not.
  deployed = {
    for file in setunion(
      ["main.py", "requirements.txt"],
      [for file in fileset(local.repository, "{functions,sql}/**") : file if !strcontains(file, "__pycache__")],
    ) : file => replace(file("${local.repository}/${file}"), "\r\n", "\n")
  }
}

# One zip for all functions of all cells: what is deployed, and nothing else. `source` blocks and
# a fixed mode make it the same on every machine. Its name tells what is in it, so a saved plan finds
# the zip that it was made with, or none.
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
  # Google keeps addresses in lower case; another spelling would differ from it in every plan, and two
  # spellings of one group would be two grants of which the first to go takes the other along.
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
      # Neither name has a full stop, so no two pairs make one name.
      for key, subscription in partner.subscriptions : "${name}.${key}" => {
        endpoint = subscription.endpoint
        filter   = local.subscription_filters["${name}/${key}"]
      } if subscription.cell == each.key
    }
  ]...)

  # APIs and agents come first in an empty project.
  depends_on = [
    time_sleep.apis,
    google_project_service_identity.agent,
    google_project_iam_member.agent,
    data.google_bigquery_default_service_account.agent,
    data.google_storage_project_service_account.agent,
  ]
}
