variable "project_id" {
  description = "The Google Cloud project that everything is made in; an empty one is best."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is the project's id, such as acme-chat-prod: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "cells" {
  description = <<-EOT
    The cells, by short name (eu, us): a cell is everything of one region.

    region: every byte of the cell stays there.
    gdpr: the region must be in the European Union (the default).
    adequacy: for a gdpr cell elsewhere, the adequacy decision that it relies on.
    readers: groups that may query the cell's BI dataset, and see nothing else.
    operators: groups that may call the operate function.
    viewers: people (e-mail addresses of Google accounts) who see all projects on the cell's dashboard.
    privacy_callers: identities (e-mail addresses of people and service accounts) whose matter the data of all projects are: erasures, exports, offboardings.
    iap: people open the dashboard through Identity-Aware Proxy, instead of gcloud run services proxy.
    cmek: encrypt everything with a key of your own. Choose it with the first apply: a table cannot be re-keyed in place.
    pseudonym_key_version: raise it by one to begin a new key space for user keys, 24 hours later; legal holds must be filed again (README, rotating).
    log_retention_days: of the cell's logs.
    quiet_hours: an alert follows so many hours without an event; 23 at most.
    min_instances, max_instances: by function, where the default does not suit. The most of operate and privacy can be lowered, not raised.
    events_per_second: the most that you expect. A plan warns where the instances would not do (docs/real-cloud.md).
    statement_tib: the most that one statement of a function may bill, in TiB. BigQuery refuses a statement of operate or dashboard that would bill more; one of privacy raises an alert.
    erasure_slots: the most slots of a BigQuery reservation in which erasures are executed, paid by the second while they run; 0 for none, and the price per byte.
  EOT
  type = map(object({
    region                = string
    gdpr                  = optional(bool, true)
    adequacy              = optional(string, "")
    readers               = optional(set(string), [])
    operators             = optional(set(string), [])
    viewers               = optional(set(string), [])
    privacy_callers       = optional(set(string), [])
    iap                   = optional(bool, false)
    cmek                  = optional(bool, false)
    pseudonym_key_version = optional(number, 1)
    log_retention_days    = optional(number, 30)
    quiet_hours           = optional(number, 12)
    min_instances         = optional(map(number), {})
    max_instances         = optional(map(number), {})
    events_per_second     = optional(number, 0)
    statement_tib         = optional(number, 50)
    erasure_slots         = optional(number, 0)
  }))
  nullable = false

  validation {
    condition     = length(var.cells) > 0
    error_message = "There is no cell. Begin with cells = { eu = { region = \"europe-west1\" } }."
  }
  validation {
    condition     = alltrue([for name in keys(var.cells) : can(regex("^[a-z][a-z0-9]{1,9}$", name))])
    error_message = "A cell's name becomes part of many others: 2 to 10 lower-case letters and digits, a letter first."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : contains(keys(local.regions), cell.region)])
    error_message = "Not in the table of regions: ${join(", ", [for name, cell in var.cells : "${cell.region} (cell ${name})" if !contains(keys(local.regions), cell.region)])}. Give a single region, such as europe-west1, not a multi-region or a zone; a new region is added in terraform/regions.tf."
  }
  validation {
    condition = alltrue([
      for cell in values(var.cells) :
      !cell.gdpr || length(trimspace(cell.adequacy)) >= 10 || try(local.regions[cell.region].eu, true)
    ])
    error_message = "Not in the European Union: ${join(", ", [for name, cell in var.cells : "${cell.region} (cell ${name})" if cell.gdpr && !try(local.regions[cell.region].eu, true)])}. Choose an EU region; or name the adequacy decision that the transfer relies on (adequacy = \"Commission Implementing Decision (EU) …\"); or set gdpr = false if no person in the EU sends to this cell."
  }
  validation {
    condition = alltrue([
      for cell in values(var.cells) : !cell.gdpr || try(local.regions[cell.region].scheduler, cell.region) == cell.region
    ])
    error_message = "Cloud Scheduler does not exist in ${join(", ", [for name, cell in var.cells : "${cell.region} (cell ${name}; the nearest that has it: ${local.regions[cell.region].scheduler})" if cell.gdpr && try(local.regions[cell.region].scheduler, cell.region) != cell.region])}, and a gdpr cell runs nothing elsewhere. Choose the region named; if Google has it there by now, correct terraform/regions.tf."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.quiet_hours >= 1 && cell.quiet_hours <= 23 && floor(cell.quiet_hours) == cell.quiet_hours])
    error_message = "quiet_hours is a whole number, 1 to 23: Cloud Monitoring looks back no further, and PromQL knows no parts of an hour."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.log_retention_days >= 1 && cell.log_retention_days <= 3650 && floor(cell.log_retention_days) == cell.log_retention_days])
    error_message = "log_retention_days is a whole number of days, 1 to 3650: Cloud Logging keeps nothing longer."
  }
  validation {
    condition = alltrue(flatten([
      for cell in values(var.cells) : [
        [for number in values(cell.min_instances) : number >= 0 && floor(number) == number],
        [for number in values(cell.max_instances) : number >= 1 && floor(number) == number],
        [for function, number in cell.min_instances : number <= lookup(cell.max_instances, function, number)],
      ]
    ]))
    error_message = "min_instances and max_instances are whole numbers by function, from 0 and from 1 on, and no min_instances is above the same function's max_instances."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.events_per_second >= 0])
    error_message = "events_per_second is the most events a second that you expect; 0 if you do not know."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.statement_tib > 0])
    error_message = "statement_tib is the most that one statement of a function may bill, in TiB; more than 0."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.erasure_slots >= 0 && cell.erasure_slots % 50 == 0])
    error_message = "erasure_slots is 0, or a multiple of 50: BigQuery adds slots by 50."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.pseudonym_key_version >= 1 && floor(cell.pseudonym_key_version) == cell.pseudonym_key_version])
    error_message = "pseudonym_key_version is a whole number from 1 on."
  }
  validation {
    condition = alltrue(flatten([
      for cell in values(var.cells) : [for group in setunion(cell.readers, cell.operators) : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", group))]
    ]))
    error_message = "readers and operators are the e-mail addresses of groups, such as analysts@acme.example."
  }
  validation {
    condition     = alltrue(flatten([for cell in values(var.cells) : [for person in cell.viewers : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", person))]]))
    error_message = "viewers are the e-mail addresses of people, such as olga@operator.example: a group's does not say who is in it."
  }
  validation {
    condition     = alltrue(flatten([for cell in values(var.cells) : [for identity in cell.privacy_callers : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", identity))]]))
    error_message = "privacy_callers are the e-mail addresses of people and service accounts, such as dpo@operator.example: a group's does not say who is in it."
  }
}

variable "retention_days" {
  description = "Days after which an event's partition goes: what reports look back (6 months), plus 30 days."
  type        = number
  default     = 215
  nullable    = false

  validation {
    condition     = var.retention_days >= 210 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days is a whole number of days, 210 or more: people are counted over 6 months and by weeks over 28 weeks, back from the oldest day that is still counted. With less these numbers would be too low, and nothing would say so."
  }
}

variable "alert_emails" {
  description = "Addresses that alerts are sent to."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", address))])
    error_message = "alert_emails are e-mail addresses, without spaces or newlines, such as operators@acme.example."
  }
}

variable "budget" {
  description = "A monthly budget with alerts at 50, 90 and 100 per cent; null for none."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string, "EUR")
  })
  default = null

  validation {
    condition     = var.budget == null ? true : var.budget.amount >= 1
    error_message = "budget.amount is at least 1: it is a month's, in whole units of the currency."
  }
}

locals {
  # The nightly refresh reads the most: so many statements, each of which may bill `statement_tib`.
  refresh_statements = 5
  # Twice that, for days on which a replay or an erasure makes a run do more.
  least_query_quota = 2 * local.refresh_statements * max([for cell in values(var.cells) : cell.statement_tib]...)
}

variable "query_quota_tib_per_user_per_day" {
  description = "What the queries of each account may read in a day, in TiB: of each person and each function by itself. null leaves Google's limit as it is, which also means that a limit set before stays."
  type        = number
  default     = null

  validation {
    condition     = var.query_quota_tib_per_user_per_day == null ? true : var.query_quota_tib_per_user_per_day >= local.least_query_quota
    error_message = "The limit holds for the functions' accounts, too, and Google exempts none: an erasure would wait until midnight. The nightly refresh has ${local.refresh_statements} statements, each of which may bill statement_tib of its cell; twice that is ${local.least_query_quota} TiB. Give at least that, or lower statement_tib to what your largest statement needs (README, \"What it costs\")."
  }
}
