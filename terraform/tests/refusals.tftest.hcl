# What is refused, before anything is made.

mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project_id = "acme-chat-prod"
  cells      = { eu = { region = "europe-west1" } }
  partners   = { acme = { projects = { acme-prod = { cell = "eu" } } } }
}

run "no_cell" {
  command = plan

  variables {
    cells    = {}
    partners = {}
  }

  expect_failures = [var.cells]
}

run "cell_name" {
  command = plan

  variables {
    cells    = { "EU-1" = { region = "europe-west1" } }
    partners = {}
  }

  expect_failures = [var.cells]
}

run "multi_region" {
  command = plan

  variables {
    cells = { eu = { region = "EU" } }
  }

  expect_failures = [var.cells]
}

run "london_is_not_in_the_eu" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west2" } }
  }

  expect_failures = [var.cells]
}

run "zuerich_is_not_in_the_eu" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west6" } }
  }

  expect_failures = [var.cells]
}

run "gdpr_in_the_us" {
  command = plan

  variables {
    cells = { eu = { region = "us-central1" } }
  }

  expect_failures = [var.cells]
}

run "an_override_that_names_nothing" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west2", adequacy = "yes" } }
  }

  expect_failures = [var.cells]
}

run "gdpr_without_scheduler" {
  command = plan

  variables {
    cells = { eu = { region = "europe-north2" } }
  }

  expect_failures = [var.cells]
}

run "too_long_quiet" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", quiet_hours = 24 } }
  }

  expect_failures = [var.cells]
}

run "a_part_of_a_quiet_hour" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", quiet_hours = 1.5 } }
  }

  expect_failures = [var.cells]
}

run "logs_for_no_day" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", log_retention_days = 0 } }
  }

  expect_failures = [var.cells]
}

run "logs_for_a_part_of_a_day" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", log_retention_days = 30.5 } }
  }

  expect_failures = [var.cells]
}

run "logs_for_too_long" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", log_retention_days = 3651 } }
  }

  expect_failures = [var.cells]
}

run "a_part_of_an_instance" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", min_instances = { receive = 0.5 } } }
  }

  expect_failures = [var.cells]
}

run "no_instance_at_all" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", max_instances = { receive = 0 } } }
  }

  expect_failures = [var.cells]
}

run "more_instances_than_there_may_be" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", min_instances = { receive = 3 }, max_instances = { receive = 2 } } }
  }

  expect_failures = [var.cells]
}

run "a_budget_of_nothing" {
  command = plan

  variables {
    budget = { billing_account = "000000-111111-222222", amount = 0.5 }
  }

  expect_failures = [var.budget]
}

run "pseudonym_key_version" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", pseudonym_key_version = 0 } }
  }

  expect_failures = [var.cells]
}

run "readers_are_groups" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", readers = ["group:analysts@acme.example"] } }
  }

  expect_failures = [var.cells]
}

run "privacy_callers_are_identities" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", privacy_callers = ["group:privacy@acme.example"] } }
  }

  expect_failures = [var.cells]
}

run "partner_privacy_callers_are_identities" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu" } }, privacy_callers = { "the back end" = [] } } }
  }

  expect_failures = [var.partners]
}

run "privacy_caller_of_another_partner_s_project" {
  command = plan

  variables {
    partners = {
      acme   = { projects = { acme-prod = { cell = "eu" } }, privacy_callers = { "lea@acme.example" = ["globex"] } }
      globex = { projects = { globex = { cell = "eu" } } }
    }
  }

  expect_failures = [var.partners]
}

run "unknown_cell" {
  command = plan

  variables {
    partners = { acme = { projects = { acme-prod = { cell = "us" } } } }
  }

  expect_failures = [var.partners]
}

run "gdpr_project_in_another_cell" {
  command = plan

  variables {
    cells = { eu = { region = "us-central1", gdpr = false } }
  }

  expect_failures = [var.partners]
}

run "project_claimed_twice" {
  command = plan

  variables {
    partners = {
      acme   = { projects = { prod = { cell = "eu" } } }
      globex = { projects = { prod = { cell = "eu" } } }
    }
  }

  expect_failures = [var.partners]
}

run "partner_without_projects" {
  command = plan

  variables {
    partners = { acme = { projects = {} } }
  }

  expect_failures = [var.partners]
}

run "partner_name" {
  command = plan

  variables {
    partners = { store = { projects = { prod = { cell = "eu" } } } }
  }

  expect_failures = [var.partners]
}

run "project_name" {
  command = plan

  variables {
    partners = { acme = { projects = { "a' OR ''='" = { cell = "eu" } } } }
  }

  expect_failures = [var.partners]
}

run "three_tokens" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu" } }, tokens = ["1", "2", "3"] } }
  }

  expect_failures = [var.partners]
}

run "a_token_for_its_name" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu" } }, tokens = ["Zq3vT8wLxNpR5sYk2Hd"] } }
  }

  expect_failures = [var.partners]
}

run "not_a_digest" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu" } }, tokens_sha256 = ["secret"] } }
  }

  expect_failures = [var.partners]
}

run "partner_readers" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu" } }, readers = ["analysts"] } }
  }

  expect_failures = [var.partners]
}

run "subscription_out_of_the_eu" {
  command = plan

  variables {
    partners = {
      acme = {
        projects      = { prod = { cell = "eu" } }
        subscriptions = { rewards = { cell = "eu", endpoint = "https://acme.example/", country = "US" } }
      }
    }
  }

  expect_failures = [var.partners]
}

run "subscription_without_tls" {
  command = plan

  variables {
    partners = {
      acme = {
        projects      = { prod = { cell = "eu" } }
        subscriptions = { rewards = { cell = "eu", endpoint = "http://acme.example/", country = "DE" } }
      }
    }
  }

  expect_failures = [var.partners]
}

run "subscription_to_another_partner_s_project" {
  command = plan

  variables {
    partners = {
      acme = {
        projects      = { prod = { cell = "eu" } }
        subscriptions = { rewards = { cell = "eu", endpoint = "https://acme.example/", country = "DE", projects = ["globex"] } }
      }
    }
  }

  expect_failures = [var.partners]
}

run "signed_without_secrets" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu" } }, signing_version = 1 } }
  }

  expect_failures = [var.signing_secrets]
}

run "secrets_without_a_version" {
  command = plan

  variables {
    signing_secrets = { acme = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }
  }

  expect_failures = [var.signing_secrets]
}

run "digest_of_two_partners" {
  command = plan

  variables {
    partners = {
      acme   = { projects = { prod = { cell = "eu" } }, tokens_sha256 = ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"] }
      globex = { projects = { live = { cell = "eu" } }, tokens_sha256 = ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"] }
    }
  }

  expect_failures = [var.partners]
}

run "digest_with_a_newline" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu" } }, tokens_sha256 = ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"] } }
  }

  expect_failures = [var.partners]
}

run "partner_name_with_a_newline" {
  command = plan

  variables {
    partners = { "acme\n" = { projects = { prod = { cell = "eu" } } } }
  }

  expect_failures = [var.partners]
}

run "partner_named_as_no_partner" {
  command = plan

  variables {
    partners = { unknown = { projects = { prod = { cell = "eu" } } } }
  }

  expect_failures = [var.partners]
}

run "project_with_a_newline" {
  command = plan

  variables {
    partners = { acme = { projects = { "prod\n" = { cell = "eu" } } } }
  }

  expect_failures = [var.partners]
}

run "project_of_dots" {
  command = plan

  variables {
    partners = { acme = { projects = { ".." = { cell = "eu" } } } }
  }

  expect_failures = [var.partners]
}

run "signing_version_of_a_half" {
  command = plan

  variables {
    partners        = { acme = { projects = { prod = { cell = "eu" } }, signing_version = 0.5 } }
    signing_secrets = { acme = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }
  }

  expect_failures = [var.partners]
}

run "signing_secret_with_a_newline" {
  command = plan

  variables {
    partners        = { acme = { projects = { prod = { cell = "eu" } }, signing_version = 1 } }
    signing_secrets = { acme = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"] }
  }

  expect_failures = [var.signing_secrets]
}

run "signing_secret_that_is_none" {
  command = plan

  variables {
    partners        = { acme = { projects = { prod = { cell = "eu" } }, signing_version = 1 } }
    signing_secrets = { acme = ["secret"] }
  }

  expect_failures = [var.signing_secrets]
}

run "signing_secret_too_short" {
  command = plan

  variables {
    partners        = { acme = { projects = { prod = { cell = "eu" } }, signing_version = 1 } }
    signing_secrets = { acme = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"] }
  }

  expect_failures = [var.signing_secrets]
}

run "signing_secret_twice" {
  command = plan

  variables {
    partners        = { acme = { projects = { prod = { cell = "eu" } }, signing_version = 1 } }
    signing_secrets = { acme = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }
  }

  expect_failures = [var.signing_secrets]
}

run "viewer_with_a_newline" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu" } }, viewers = ["ann@acme.example\n"] } }
  }

  expect_failures = [var.partners]
}

run "endpoint_with_a_newline" {
  command = plan

  variables {
    partners = { acme = {
      projects      = { prod = { cell = "eu" } }
      subscriptions = { own = { cell = "eu", endpoint = "https://acme.example/\n", country = "DE" } }
    } }
  }

  expect_failures = [var.partners]
}

run "alert_address_with_a_newline" {
  command = plan

  variables {
    alert_emails = ["operators@acme.example\n"]
  }

  expect_failures = [var.alert_emails]
}

run "an_address_with_a_space_of_another_kind" {
  command = plan

  variables {
    alert_emails = ["operators@acme.example\u00a0"]
  }

  expect_failures = [var.alert_emails]
}

run "a_viewer_with_a_space_that_nobody_sees" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", viewers = ["\u200bolga@operator.example"] } }
  }

  expect_failures = [var.cells]
}

run "a_partner_s_reader_with_a_space_of_another_kind" {
  command = plan

  variables {
    partners = { acme = { projects = { acme-prod = { cell = "eu" } }, readers = ["team@acme.example\u2003"] } }
  }

  expect_failures = [var.partners]
}

run "more_partners_than_a_secret_holds" {
  command = plan

  variables {
    partners = { for number in range(400) : "partner-${number}" => {
      projects = { "partner-${number}-prod" = { cell = "eu" }, "partner-${number}-dev" = { cell = "eu" } }
      tokens   = ["1", "2"]
    } }
  }

  expect_failures = [var.partners]
}

run "more_partners_than_the_secret_of_a_cell_holds_that_they_have_left" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1" }, euc = { region = "europe-west1" }, eud = { region = "europe-west1" } }
    partners = { for number in range(600) : "partner-${number}" => {
      projects = { "partner-${number}-prod" = { cell = number % 2 == 0 ? "euc" : "eud", former_cells = ["eu"] } }
    } }
  }

  expect_failures = [var.partners]
}

run "project_id" {
  command = plan

  variables {
    project_id = "Acme Chat"
  }

  expect_failures = [var.project_id]
}

run "former_cells_exist" {
  command = plan

  variables {
    partners = { acme = { projects = { prod = { cell = "eu", former_cells = ["us"] } } } }
  }

  expect_failures = [var.partners]
}

run "retention" {
  command = plan

  variables {
    retention_days = 209
  }

  expect_failures = [var.retention_days]
}

run "no_regional_endpoint" {
  command = plan

  variables {
    cells = { eu = { region = "europe-central2" } }
  }

  expect_failures = [check.bigquery_endpoint, check.builds] # warnings outside tests
}

run "a_quota_below_what_the_functions_need" {
  command = plan

  variables {
    query_quota_tib_per_user_per_day = 399
  }

  expect_failures = [var.query_quota_tib_per_user_per_day]
}

run "slots_that_bigquery_does_not_add" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", erasure_slots = 120 } }
  }

  expect_failures = [var.cells]
}

run "slots_below_none" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", erasure_slots = -50 } }
  }

  expect_failures = [var.cells]
}

run "statements_that_may_bill_nothing" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1", statement_tib = 0 } }
  }

  expect_failures = [var.cells]
}
