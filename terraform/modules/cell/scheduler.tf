# The scheduled jobs. Each has an entry in `jobs`; schedules are in UTC.
locals {
  jobs = {
    replay = {
      description = "Publishes spilled events again."
      function    = "operate"
      path        = "/replay"
      schedule    = "*/5 * * * *"
      deadline    = 320  # the time limit of one call, in seconds
      late_after  = 1800 # the seconds without a success after which an alert is raised
    }
    settle = {
      description = "Deletes copies, so that each event and each person has one row."
      function    = "operate"
      path        = "/settle"
      schedule    = "0 0 * * *"
      deadline    = 560
      late_after  = 90000
    }
    refresh = {
      description = "Brings active days and rollups up to date."
      function    = "operate"
      path        = "/refresh"
      schedule    = "0 0 * * *"
      deadline    = 560
      late_after  = 90000
    }
    sweep = {
      description = "Executes erasures that are due."
      function    = "privacy"
      path        = "/sweep"
      schedule    = "20 * * * *" # at another minute than settle and refresh
      deadline    = 560
      late_after  = 10800 # erasures are due more than a day before the deadline, so three hours do no harm
    }
    unfiled = {
      description = "Files deletions in the chat that were stored but not filed when they arrived."
      function    = "privacy"
      path        = "/unfiled"
      schedule    = "50 3 * * *"
      deadline    = 560
      late_after  = 90000
    }
  }
}

resource "google_cloud_scheduler_job" "this" {
  for_each = local.jobs

  name             = "${local.prefix}-${each.key}"
  region           = var.scheduler_region
  description      = each.value.description
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "${each.value.deadline}s"

  http_target {
    http_method = "POST"
    uri         = "${google_cloudfunctions2_function.this[each.value.function].service_config[0].uri}${each.value.path}"

    oidc_token {
      service_account_email = google_service_account.this["scheduler"].email
      audience              = google_cloudfunctions2_function.this[each.value.function].service_config[0].uri
    }
  }
  retry_config {
    retry_count = 0 # the next scheduled call continues, so a retry is not needed
  }

  depends_on = [google_cloud_run_v2_service_iam_member.scheduler, google_service_account_iam_member.scheduler_token]
}

resource "google_cloud_run_v2_service_iam_member" "scheduler" {
  for_each = toset([for job in values(local.jobs) : job.function])

  name     = google_cloudfunctions2_function.this[each.key].name
  location = local.region
  role     = "roles/run.invoker"
  member   = google_service_account.this["scheduler"].member
}

resource "google_service_account_iam_member" "scheduler_token" {
  service_account_id = google_service_account.this["scheduler"].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = var.agents.scheduler
}
