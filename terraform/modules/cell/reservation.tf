# A reservation of slots, in which BigQuery executes erasures if `erasure_slots` is set.
#
# An erasure changes rows on many days. If BigQuery bills by the byte, it bills all bytes of each of these
# days. If it bills by slots, it bills the seconds that it needs to rewrite them. `privacy` names the
# reservation in the jobs of an erasure. So the reservation has no assignment, and all other queries of the
# project are still billed by the byte. For sources and alternatives, see
# docs/decisions/0121-erasures-may-be-paid-by-slots.md.
resource "google_bigquery_reservation" "erasures" {
  count = var.settings.erasure_slots > 0 ? 1 : 0

  name          = "${local.prefix}-erasures"
  location      = local.region # a job can use a reservation in its own region only
  edition       = "ENTERPRISE" # the edition STANDARD cannot read tables that are encrypted with `cmek`
  slot_capacity = 0            # without a baseline, the reservation is free while no erasure runs

  autoscale {
    max_slots = var.settings.erasure_slots
  }
}

locals {
  reservation = var.settings.erasure_slots > 0 ? "projects/${var.project_id}/locations/${local.region}/reservations/${local.prefix}-erasures" : ""
}

# Lets `privacy` name the reservation in a job. Google's own roles for that also allow creating datasets. The
# role is granted on the project, because the provider cannot grant a role on one reservation.
resource "google_project_iam_custom_role" "reserve" {
  count = var.settings.erasure_slots > 0 ? 1 : 0

  role_id     = "chat_${var.name}_reserve_${random_id.reserve_role[0].hex}"
  title       = "Runs jobs in reservations (${local.prefix})"
  description = "Lets a query job name the reservation in which it runs."
  permissions = ["bigquery.reservations.use"]
}

# Google reserves the id of a deleted role for 37 days. With this random suffix, you can create a destroyed
# cell again at once.
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
