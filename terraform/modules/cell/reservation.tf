# Slots in which erasures are executed, where `erasure_slots` asks for them.
#
# An erasure changes rows in many days. Per byte, BigQuery bills each of these days whole; by slots, it
# bills the seconds for which it rewrites them. The functions name the reservation in single jobs, so
# it has no assignment, and all other queries of the project are still billed per byte. The sources and
# what was rejected: docs/decisions/0121-erasures-may-be-paid-by-slots.md.
resource "google_bigquery_reservation" "erasures" {
  count = var.settings.erasure_slots > 0 ? 1 : 0

  name          = "${local.prefix}-erasures"
  location      = local.region # jobs in other regions cannot use it
  edition       = "ENTERPRISE" # Standard reads no tables with a key of one's own
  slot_capacity = 0            # while no erasure is executed, it costs nothing

  autoscale {
    max_slots = var.settings.erasure_slots
  }
}

locals {
  reservation = var.settings.erasure_slots > 0 ? "projects/${var.project_id}/locations/${local.region}/reservations/${local.prefix}-erasures" : ""
}

# Google's own roles that allow a job to name a reservation also allow to create datasets. The provider
# cannot grant a role on one reservation.
resource "google_project_iam_custom_role" "reserve" {
  count = var.settings.erasure_slots > 0 ? 1 : 0

  role_id     = "chat_${var.name}_reserve_${random_id.reserve_role[0].hex}"
  title       = "Runs jobs in reservations (${local.prefix})"
  description = "Lets a query job name the reservation in which it runs."
  permissions = ["bigquery.reservations.use"]
}

# The id of a deleted role is taken for 37 days: the suffix lets you create a destroyed cell again.
resource "random_id" "reserve_role" {
  count       = var.settings.erasure_slots > 0 ? 1 : 0
  byte_length = 3
}

resource "google_project_iam_member" "reserve" {
  count = var.settings.erasure_slots > 0 ? 1 : 0

  project = var.project_id
  role    = google_project_iam_custom_role.reserve[0].name
  member  = google_service_account.this["privacy"].member
}
