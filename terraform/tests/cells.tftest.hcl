# What is planned for the kinds of deployments that there are. Resources inside a cell are examined
# by tests/terraform, from the plan's JSON.

mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project_id = "acme-chat-prod"
  cells      = { eu = { region = "europe-west1" } }
  partners   = { acme = { projects = { acme-prod = { cell = "eu" } } } }
}

run "one_eu_cell" {
  command = plan

  assert {
    condition     = output.datasets == { eu = { bi = "chat_eu", partners = {} } }
    error_message = "One cell has one BI dataset."
  }
  assert {
    condition     = strcontains(output.bi_connections.eu, "https://bigquery.europe-west1.rep.googleapis.com")
    error_message = "BI tools use the region's endpoint."
  }
  assert {
    condition     = keys(random_password.token) == ["acme/1"]
    error_message = "A partner gets one token."
  }
}

run "eu_and_us" {
  command = plan

  variables {
    cells = {
      eu = { region = "europe-west1" }
      us = { region = "us-central1", gdpr = false, privacy_callers = ["Dpo@operator.example"] }
    }
    partners = {
      acme = {
        projects = { acme-prod = { cell = "eu" }, acme-us = { cell = "us", gdpr = false } }
        readers  = ["analysts@acme.example"]
        tokens   = ["2026-01", "2026-08"]
        privacy_callers = {
          "backend@acme.iam.gserviceaccount.com" = []
          "Lea@acme.example"                     = ["acme-us"]
        }
      }
      globex = { projects = { globex = { cell = "us", gdpr = false } } }
    }
  }

  assert {
    condition     = tomap(local.partners_by_cell.eu["acme"].projects) == tomap({ acme-prod = "eu", acme-us = "us" })
    error_message = "A cell knows where each of a partner's projects belongs."
  }
  assert {
    condition     = keys(local.partners_by_cell.eu) == ["acme"] && keys(local.partners_by_cell.us) == ["acme", "globex"]
    error_message = "A partner is known where it has a project, and nowhere else."
  }
  assert {
    condition = local.callers_by_cell.us == {
      projects   = toset(["acme-us", "globex"])
      everything = toset(["dpo@operator.example"])
      some = {
        "backend@acme.iam.gserviceaccount.com" = toset(["acme-prod", "acme-us"])
        "lea@acme.example"                     = toset(["acme-us"])
      }
      owners = { acme-prod = "acme", acme-us = "acme", globex = "globex" }
    }
    error_message = "A partner's caller has the partner's projects, or those that are named, whichever cell they are in."
  }
  assert {
    condition     = local.callers_by_cell.eu.some == local.callers_by_cell.us.some && length(local.callers_by_cell.eu.everything) == 0
    error_message = "A cell knows the callers of every project: it may hold data of one that moved."
  }
  assert {
    condition     = length(local.partners.acme.tokens_sha256) == 2
    error_message = "Two tokens are valid while one is rotated."
  }
  assert {
    condition     = output.datasets.us.partners == { acme = "chat_us_acme" }
    error_message = "A partner with readers has a dataset of its own."
  }
}

run "five_regions" {
  command = plan

  variables {
    cells = {
      eu     = { region = "europe-west1" }
      na     = { region = "us-east4", gdpr = false }
      sa     = { region = "southamerica-east1", gdpr = false }
      asia   = { region = "asia-east2", gdpr = false }
      africa = { region = "africa-south1", gdpr = false }
    }
    partners = {
      acme = {
        projects = {
          acme-eu     = { cell = "eu" }
          acme-na     = { cell = "na", gdpr = false }
          acme-sa     = { cell = "sa", gdpr = false }
          acme-asia   = { cell = "asia", gdpr = false }
          acme-africa = { cell = "africa", gdpr = false }
        }
      }
    }
  }

  expect_failures = [check.builds] # a warning outside tests

  assert {
    condition     = length(output.datasets) == 5
    error_message = "Each region has its cell."
  }
  assert {
    condition     = strcontains(output.bi_connections.asia, "https://bigquery.googleapis.com")
    error_message = "Where BigQuery has no regional endpoint, the global one is used."
  }
}

run "own_key_and_adequacy" {
  command = plan

  variables {
    cells = {
      uk = {
        region   = "europe-west2"
        adequacy = "Commission Implementing Decision (EU) 2021/1772"
        cmek     = true
      }
    }
    partners = { acme = { projects = { acme-prod = { cell = "uk" } } } }
  }

  expect_failures = [check.builds] # a warning outside tests

  assert {
    condition     = contains(keys(google_project_service.api), "cloudkms")
    error_message = "A key of one's own needs Cloud KMS."
  }
  assert {
    condition     = length(local.agents.encrypting) == 8
    error_message = "Every agent that encrypts is granted the key."
  }
}

run "own_tokens_signatures_and_subscriptions" {
  command = plan

  variables {
    partners = {
      acme = {
        projects        = { acme-prod = { cell = "eu" } }
        tokens_sha256   = ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
        signing_version = 1
        subscriptions = {
          rewards = {
            cell     = "eu"
            endpoint = "https://rewards.acme.example/"
            country  = "US"

            transfer_basis = "standard contractual clauses of 2026-03-01"
            kinds          = ["chat"]
            events         = ["message_sent", "emoji_sent"]
          }
        }
      }
    }
    signing_secrets = { acme = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }
  }

  assert {
    condition     = length(random_password.token) == 0
    error_message = "With tokens of one's own none is made, so that the state has none."
  }
  assert {
    condition     = local.subscription_filters["acme/rewards"] == "attributes.partner = \"acme\" AND (attributes.event = \"emoji_sent\" OR attributes.event = \"message_sent\") AND (attributes.kind = \"chat\")"
    error_message = "A subscription's filter is always ANDed with its partner."
  }
}

run "a_project_that_moved" {
  command = plan

  variables {
    cells = { eu = { region = "europe-west1" }, us = { region = "us-central1", gdpr = false } }
    partners = {
      acme = {
        projects = {
          acme-prod = { cell = "us", gdpr = false, former_cells = ["eu"] }
          acme-back = { cell = "eu", former_cells = ["eu", "us"] } # there and back again
        }
        readers         = ["analysts@acme.example"]
        viewers         = ["ann@acme.example"]
        privacy_callers = { "lea@acme.example" = [] }
      }
      globex = {
        projects        = { globex = { cell = "us", gdpr = false } }
        viewers         = ["gil@globex.example"]
        privacy_callers = { "gus@globex.example" = [] }
      }
    }
  }

  assert {
    condition     = tomap(local.partners_by_cell.eu["acme"].projects) == tomap({ acme-prod = "us", acme-back = "eu" }) && keys(local.partners_by_cell.eu) == ["acme"]
    error_message = "The former cell still knows the partner, so it can say where the project is now."
  }
  assert {
    condition     = local.viewers_by_cell.eu.some == { "ann@acme.example" = toset(["acme-back", "acme-prod"]) } && local.viewers_by_cell.eu.projects == toset(["acme-back", "acme-prod"])
    error_message = "The former cell's dashboard still shows the project's history, to its viewers."
  }
  assert {
    condition     = output.datasets.eu.partners == { acme = "chat_eu_acme" }
    error_message = "The partner's dataset stays in the former cell."
  }
  assert {
    condition     = local.callers_by_cell.eu.projects == toset(["acme-back", "acme-prod"]) && contains(local.callers_by_cell.eu.some["lea@acme.example"], "acme-prod")
    error_message = "The former cell still answers for the project's people."
  }
  assert {
    condition     = local.callers_by_cell.us.projects == toset(["acme-back", "acme-prod", "globex"]) && local.callers_by_cell.us.owners["acme-back"] == "acme"
    error_message = "A project that came back is the matter of both cells."
  }
}
