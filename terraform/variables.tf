variable "project_id" {
  description = "The id of the Google Cloud project in which all resources are created. An empty project is best."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is the id of the Google Cloud project, such as acme-chat-prod: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "cells" {
  description = <<-EOT
    The cells, by short name (eu, us). A cell is all resources in one region.

    region: the region in which all data of the cell stays.
    gdpr: whether the region must be in the European Union (default: true).
    adequacy: the adequacy decision that a gdpr cell outside the European Union relies on.
    readers: groups that may query the cell's BI dataset, and see nothing else.
    operators: groups that may call the function operate.
    viewers: people (e-mail addresses of Google accounts) who see all projects on the cell's dashboard.
    privacy_callers: people and service accounts (e-mail addresses) that may act for all projects of the cell: erasures, exports, offboardings.
    iap: whether people open the dashboard through Identity-Aware Proxy instead of gcloud run services proxy.
    cmek: whether to encrypt all data with a key of the cell's own. Set it before the first apply, because a table's key cannot be changed in place.
    pseudonym_key_version: raise it by one to compute user keys with a new key, from 24 hours later on. You must then file legal holds again (README, "Rotating").
    log_retention_days: the days for which the cell's logs are kept.
    quiet_hours: the hours without an event after which an alert is raised; at most 23.
    min_instances, max_instances: numbers of instances by function, if the defaults do not suit. You can lower max_instances of operate and privacy, but not raise it.
    events_per_second: the most events that you expect. A plan warns if the instances do not suffice (docs/real-cloud.md).
    statement_tib: the most that one statement of a function may bill, in TiB. BigQuery refuses a statement of operate or dashboard that would bill more. If a statement of privacy bills more, an alert is raised.
    erasure_slots: the most slots of a BigQuery reservation that executes erasures. Google bills them by the second while an erasure runs. 0 means that erasures are billed by the byte, without a reservation.
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
    error_message = "A cell's name must be 2 to 10 lower-case letters and digits, and begin with a letter: it becomes part of the names of many resources."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : contains(keys(local.regions), cell.region)])
    error_message = "Not in the table of regions: ${join(", ", [for name, cell in var.cells : "${cell.region} (cell ${name})" if !contains(keys(local.regions), cell.region)])}. Give a single region, such as europe-west1, not a multi-region or a zone. To add a region to the table, edit terraform/regions.tf."
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
    error_message = "Cloud Scheduler does not exist in ${join(", ", [for name, cell in var.cells : "${cell.region} (cell ${name}; the nearest that has it: ${local.regions[cell.region].scheduler})" if cell.gdpr && try(local.regions[cell.region].scheduler, cell.region) != cell.region])}, and a gdpr cell may not run its jobs in another region. Choose a region that has Cloud Scheduler. If Google has added it to your region, correct terraform/regions.tf."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.quiet_hours >= 1 && cell.quiet_hours <= 23 && floor(cell.quiet_hours) == cell.quiet_hours])
    error_message = "quiet_hours is a whole number of hours from 1 to 23."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.log_retention_days >= 1 && cell.log_retention_days <= 3650 && floor(cell.log_retention_days) == cell.log_retention_days])
    error_message = "log_retention_days is a whole number of days from 1 to 3650: Cloud Logging keeps no logs for longer."
  }
  validation {
    condition = alltrue(flatten([
      for cell in values(var.cells) : [
        [for number in values(cell.min_instances) : number >= 0 && floor(number) == number],
        [for number in values(cell.max_instances) : number >= 1 && floor(number) == number],
        [for function, number in cell.min_instances : number <= lookup(cell.max_instances, function, number)],
      ]
    ]))
    error_message = "min_instances and max_instances are whole numbers by function. The least values are 0 and 1, and a function's min_instances may not be above its max_instances."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.events_per_second >= 0])
    error_message = "events_per_second is the most events a second that you expect, or 0 if you do not know."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.statement_tib > 0])
    error_message = "statement_tib must be more than 0: it is the most that one statement of a function may bill, in TiB."
  }
  validation {
    condition     = alltrue([for cell in values(var.cells) : cell.erasure_slots >= 0 && cell.erasure_slots % 50 == 0])
    error_message = "erasure_slots is 0 or a multiple of 50, because BigQuery adds slots in steps of 50."
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
    error_message = "viewers are the e-mail addresses of people, such as olga@operator.example. Groups do not work, because an identity token does not name them."
  }
  validation {
    condition     = alltrue(flatten([for cell in values(var.cells) : [for identity in cell.privacy_callers : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", identity))]]))
    error_message = "privacy_callers are the e-mail addresses of people and service accounts, such as dpo@operator.example. Groups do not work, because an identity token does not name them."
  }
}

variable "retention_days" {
  description = "The days after which BigQuery deletes the partition of an event. The default is the 6 months that reports look back, plus 30 days."
  type        = number
  default     = 215
  nullable    = false

  validation {
    condition     = var.retention_days >= 210 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days is a whole number of days, at least 210. Counting people looks back 6 months, or 28 weeks for numbers by week, from the oldest day that is still counted. With fewer days, these numbers would be too low without any sign of it."
  }
}

variable "alert_emails" {
  description = "E-mail addresses to which Google sends alerts."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", address))])
    error_message = "alert_emails are e-mail addresses, without spaces or newlines, such as operators@acme.example."
  }
}

variable "budget" {
  description = "A monthly budget. Google sends e-mails at 50, 90 and 100 per cent of it. null means no budget."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string, "EUR")
  })
  default = null

  validation {
    condition     = var.budget == null ? true : var.budget.amount >= 1
    error_message = "budget.amount is at least 1: it is the amount for one month, in whole units of the currency."
  }
}

locals {
  # The nightly refresh is the job that reads the most. It has this number of statements, and each may
  # bill `statement_tib`.
  refresh_statements = 6
  # Twice a refresh, because it reads more on days after a replay or an erasure.
  least_query_quota = 2 * local.refresh_statements * max([for cell in values(var.cells) : cell.statement_tib]...)
}

variable "query_quota_tib_per_user_per_day" {
  description = "How much the queries of one account may read in a day, in TiB. Each person and each function has this limit. null does not change the project's quota, so a limit that was set before stays."
  type        = number
  default     = null

  validation {
    condition     = var.query_quota_tib_per_user_per_day == null ? true : var.query_quota_tib_per_user_per_day >= local.least_query_quota
    error_message = "The limit also applies to the accounts of the functions, because Google allows no exceptions. With this limit, an erasure might have to wait until midnight. The nightly refresh has ${local.refresh_statements} statements, and each may bill statement_tib of its cell; twice that is ${local.least_query_quota} TiB. Give at least that, or lower statement_tib to what your largest statement needs (README, \"What it costs\")."
  }
}
