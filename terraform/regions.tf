# What exists where. A region that is not here is refused: look it up, then add a line.
#
#   eu                a member state of the European Union. London (europe-west2) and Zürich
#                     (europe-west6) are not.
#   bigquery_endpoint BigQuery has a regional endpoint there, so that requests are decrypted in
#                     the region too: docs.cloud.google.com/bigquery/docs/regional-endpoints
#   scheduler         where Cloud Scheduler runs the jobs: the region itself where it exists there,
#                     else the nearest: docs.cloud.google.com/scheduler/docs/locations
locals {
  regions = {
    europe-central2   = { eu = true, bigquery_endpoint = false, scheduler = "europe-central2" }
    europe-north1     = { eu = true, bigquery_endpoint = false, scheduler = "europe-west3" }
    europe-north2     = { eu = true, bigquery_endpoint = false, scheduler = "europe-west3" }
    europe-southwest1 = { eu = true, bigquery_endpoint = false, scheduler = "europe-west1" }
    europe-west1      = { eu = true, bigquery_endpoint = true, scheduler = "europe-west1" }
    europe-west2      = { eu = false, bigquery_endpoint = true, scheduler = "europe-west2" }
    europe-west3      = { eu = true, bigquery_endpoint = true, scheduler = "europe-west3" }
    europe-west4      = { eu = true, bigquery_endpoint = true, scheduler = "europe-west4" }
    europe-west6      = { eu = false, bigquery_endpoint = true, scheduler = "europe-west6" }
    europe-west8      = { eu = true, bigquery_endpoint = true, scheduler = "europe-west12" }
    europe-west9      = { eu = true, bigquery_endpoint = true, scheduler = "europe-west1" }
    europe-west10     = { eu = true, bigquery_endpoint = false, scheduler = "europe-west3" }
    europe-west12     = { eu = true, bigquery_endpoint = false, scheduler = "europe-west12" }

    africa-south1           = { eu = false, bigquery_endpoint = false, scheduler = "europe-west1" }
    asia-east1              = { eu = false, bigquery_endpoint = false, scheduler = "asia-east1" }
    asia-east2              = { eu = false, bigquery_endpoint = false, scheduler = "asia-east2" }
    asia-northeast1         = { eu = false, bigquery_endpoint = false, scheduler = "asia-northeast1" }
    asia-south1             = { eu = false, bigquery_endpoint = false, scheduler = "asia-south1" }
    asia-southeast1         = { eu = false, bigquery_endpoint = false, scheduler = "asia-southeast1" }
    australia-southeast1    = { eu = false, bigquery_endpoint = false, scheduler = "australia-southeast1" }
    northamerica-northeast1 = { eu = false, bigquery_endpoint = false, scheduler = "northamerica-northeast1" }
    southamerica-east1      = { eu = false, bigquery_endpoint = false, scheduler = "southamerica-east1" }
    us-central1             = { eu = false, bigquery_endpoint = true, scheduler = "us-central1" }
    us-east1                = { eu = false, bigquery_endpoint = true, scheduler = "us-east1" }
    us-east4                = { eu = false, bigquery_endpoint = true, scheduler = "us-east4" }
    us-west1                = { eu = false, bigquery_endpoint = true, scheduler = "us-west1" }
  }

  # ISO 3166: the member states, for the back ends that partners have events pushed to.
  eu_countries = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
  ]
}

# Where every project may build. Google restricts some projects, above all new ones, to these:
# cloud.google.com/build/docs/locations ("Restricted regions for some projects").
locals {
  builds_always = ["asia-east1", "australia-southeast1", "europe-west1", "southamerica-east1", "us-central1", "us-west2"]
}

check "builds" {
  assert {
    condition     = alltrue([for cell in values(var.cells) : contains(local.builds_always, cell.region)])
    error_message = "Google lets some projects, above all new ones, build functions in ${join(", ", local.builds_always)} only. This plan builds in ${join(", ", distinct([for cell in values(var.cells) : cell.region if !contains(local.builds_always, cell.region)]))}. If the apply stops at a function because of that, ask Google's support to lift the restriction, or choose one of those regions (README, \"Cells and where data are\")."
  }
}

check "bigquery_endpoint" {
  assert {
    condition     = alltrue([for cell in values(var.cells) : !cell.gdpr || local.regions[cell.region].bigquery_endpoint])
    error_message = "BigQuery has no regional endpoint in ${join(", ", [for cell in values(var.cells) : cell.region if cell.gdpr && !local.regions[cell.region].bigquery_endpoint])}: data are stored and processed there, but requests are decrypted wherever Google's global endpoint takes them."
  }
}
