# The regions in which a cell may be. A plan refuses any other region. To add one, look up its values.
#
#   eu                whether the region is in a member state of the European Union. London
#                     (europe-west2) and Zürich (europe-west6) are not.
#   bigquery_endpoint whether BigQuery has a regional endpoint there, which also decrypts requests in
#                     the region. Source: docs.cloud.google.com/bigquery/docs/regional-endpoints
#   scheduler         the region in which Cloud Scheduler runs the jobs: the same region or, if Cloud
#                     Scheduler does not exist there, the nearest one that has it. Source:
#                     docs.cloud.google.com/scheduler/docs/locations
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

  # The member states (ISO 3166 codes). A back end that gets events from a gdpr cell must be in one of
  # them, or its subscription must have a `transfer_basis`.
  eu_countries = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
  ]
}

# The regions in which every project may build functions. Google restricts some projects, above all new
# ones, to these regions. Source: cloud.google.com/build/docs/locations ("Restricted regions for some
# projects").
locals {
  builds_always = ["asia-east1", "australia-southeast1", "europe-west1", "southamerica-east1", "us-central1", "us-west2"]
}

check "builds" {
  assert {
    condition     = alltrue([for cell in values(var.cells) : contains(local.builds_always, cell.region)])
    error_message = "Google lets some projects, above all new ones, build functions only in ${join(", ", local.builds_always)}. This plan builds in ${join(", ", distinct([for cell in values(var.cells) : cell.region if !contains(local.builds_always, cell.region)]))}. If the apply stops at a function because of this restriction, ask Google's support to remove it, or choose one of these regions (README, \"Cells and where data are\")."
  }
}

check "bigquery_endpoint" {
  assert {
    condition     = alltrue([for cell in values(var.cells) : !cell.gdpr || local.regions[cell.region].bigquery_endpoint])
    error_message = "BigQuery has no regional endpoint in ${join(", ", [for cell in values(var.cells) : cell.region if cell.gdpr && !local.regions[cell.region].bigquery_endpoint])}. BigQuery stores and processes data there, but Google's global endpoint may decrypt requests in any other place."
  }
}
