variable "partners" {
  description = <<-EOT
    The partners that may send events, by name.

    projects: the values of `project` in the partner's events, each pinned to one cell. If gdpr is true (the default), the cell must be a gdpr cell. When a project moves to another cell, list the cell that it leaves in former_cells as long as that cell has data of the project.
    tokens: one or two names. Terraform creates a token for each name. To rotate a token, add a name, move the sender to the new token, and remove the old name.
    tokens_sha256: the SHA-256 digests (hex) of tokens that you create yourself, instead of tokens. Then the state contains no token of the partner.
    signing_version: 0 for unsigned webhooks. To require signatures, give the secrets in signing_secrets, and raise signing_version by one. Raise it again whenever you change the secrets.
    request_ids: whether the partner promises that its ids of requests (webhook-id, Idempotency-Key) are unique. Then receive recognises retries by these ids. In signed requests, it always does.
    readers: groups that may query this partner's rows, in a dataset of the partner's own.
    viewers: people (e-mail addresses of Google accounts) who see the partner's projects on the dashboards of the projects' cells.
    privacy_callers: people and service accounts (e-mail addresses) that may erase and export data of the partner's users. For each address, list the projects; an empty list means all projects of the partner.
    subscriptions: events that Pub/Sub pushes to the partner's own back end. Each subscription has a cell, an endpoint (https) and the country of the back end (ISO 3166). If events leave the EU from a gdpr cell, it needs a transfer_basis. kinds, events and projects select events; an empty list means all.
  EOT
  type = map(object({
    projects = map(object({
      cell         = string
      gdpr         = optional(bool, true)
      former_cells = optional(set(string), [])
    }))
    tokens          = optional(set(string), ["1"])
    tokens_sha256   = optional(set(string), [])
    signing_version = optional(number, 0)
    request_ids     = optional(bool, false)
    readers         = optional(set(string), [])
    viewers         = optional(set(string), [])
    privacy_callers = optional(map(set(string)), {})
    subscriptions = optional(map(object({
      cell           = string
      endpoint       = string
      country        = string
      transfer_basis = optional(string, "")
      kinds          = optional(set(string), [])
      events         = optional(set(string), [])
      projects       = optional(set(string), [])
    })), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.partners) : can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", name)) && !contains(["store", "unknown"], name)])
    error_message = "A partner's name is 2 to 20 lower-case letters, digits and hyphens, and begins with a letter. It may not be \"store\", which is a dataset of the cell, or \"unknown\", which stands for events of no partner."
  }
  validation {
    condition = alltrue(flatten([
      for partner in values(var.partners) : [for name in keys(partner.projects) : can(regex("^[A-Za-z0-9._-]{1,100}$", name)) && !can(regex("^[.]+$", name))]
    ])) && alltrue([for partner in values(var.partners) : length(partner.projects) > 0])
    error_message = "A partner has at least one project. Its name is exactly the value of `project` in the events, and has only letters, digits, dots, hyphens and underscores."
  }
  validation {
    condition = alltrue(flatten([
      for partner in values(var.partners) : [
        for project in values(partner.projects) : length(setsubtract(setunion([project.cell], project.former_cells), keys(var.cells))) == 0
      ]
    ]))
    error_message = "There is no such cell: ${join(", ", flatten([for partner in values(var.partners) : [for name, project in partner.projects : [for cell in setsubtract(setunion([project.cell], project.former_cells), keys(var.cells)) : "${cell} (project ${name})"]]]))}. The cells are ${join(", ", keys(var.cells))}."
  }
  validation {
    condition = alltrue(flatten([
      for partner in values(var.partners) : [for project in values(partner.projects) : !project.gdpr || try(var.cells[project.cell].gdpr, true)]
    ]))
    error_message = "A gdpr project is pinned to a cell that is not a gdpr cell: ${join(", ", flatten([for partner in values(var.partners) : [for name, project in partner.projects : "${name} (cell ${project.cell})" if project.gdpr && !try(var.cells[project.cell].gdpr, true)]]))}. Pin it to a gdpr cell, or set the project's gdpr = false if none of its users is in the EU."
  }
  validation {
    condition     = length(flatten([for partner in values(var.partners) : keys(partner.projects)])) == length(toset(flatten([for partner in values(var.partners) : keys(partner.projects)])))
    error_message = "Claimed by two partners: ${join(", ", [for name, owners in transpose({ for partner, record in var.partners : partner => keys(record.projects) }) : "${name} (${join(" and ", owners)})" if length(owners) > 1])}. A project belongs to one partner."
  }
  validation {
    condition = alltrue([
      for partner in values(var.partners) :
      length(partner.tokens_sha256) <= 2 && (length(partner.tokens_sha256) > 0 || contains([1, 2], length(partner.tokens)))
    ])
    error_message = "A partner has one token, or two while a token is being rotated. If tokens_sha256 is set, tokens is not used."
  }
  validation {
    condition = alltrue(flatten([
      for partner in values(var.partners) : concat(
        [for name in partner.tokens : can(regex("^[a-z0-9-]{1,20}$", name))],
        [for digest in partner.tokens_sha256 : can(regex("^[0-9a-f]{64}$", digest))],
      )
    ]))
    error_message = "tokens are short names such as 2026-08, not the tokens themselves. tokens_sha256 are digests of 64 lower-case hex digits, made with: printf %s \"$TOKEN\" | sha256sum."
  }
  validation {
    condition     = length(flatten([for partner in values(var.partners) : tolist(partner.tokens_sha256)])) == length(toset(flatten([for partner in values(var.partners) : tolist(partner.tokens_sha256)])))
    error_message = "The same digest in tokens_sha256 of ${join(", ", distinct([for digest, owners in transpose({ for name, partner in var.partners : name => partner.tokens_sha256 }) : join(" and ", owners) if length(owners) > 1]))}. A token belongs to one partner: make one for each, for example with openssl rand -hex 20."
  }
  # The size of the secret `partners`, computed from the text that secrets.tf of the module writes. A
  # partner is also in the secrets of its former cells. A signing secret has at most 94 characters.
  validation {
    condition = alltrue([for cell in keys(var.cells) : length(jsonencode({ partners = {
      for name, partner in var.partners : name => merge({
        tokens_sha256   = [for token in range(length(partner.tokens_sha256) > 0 ? length(partner.tokens_sha256) : length(partner.tokens)) : sha256("")]
        projects        = { for project, record in partner.projects : project => record.cell }
        signing_secrets = [for secret in range(partner.signing_version > 0 ? 2 : 0) : format("%094d", 0)]
      }, { for member in ["request_ids"] : member => true if partner.request_ids }) if anytrue([for record in values(partner.projects) : contains(setunion([record.cell], record.former_cells), cell)])
    } })) <= 65536])
    error_message = "Too many partners in one cell: a secret holds 64 KiB, enough for about 300 partners with two tokens and two projects each. Partners by cell: ${join(", ", [for cell in keys(var.cells) : "${cell} has ${length([for partner in values(var.partners) : partner if anytrue([for record in values(partner.projects) : contains(setunion([record.cell], record.former_cells), cell)])])}"])}. Remove closed partners, former_cells without data, and old tokens. Or create another cell in the same region, and pin the projects of new partners to it (terraform/README.md, \"How much fits\")."
  }
  validation {
    condition     = alltrue([for partner in values(var.partners) : partner.signing_version >= 0 && floor(partner.signing_version) == partner.signing_version])
    error_message = "signing_version is a whole number, 0 for unsigned webhooks: ${join(", ", [for name, partner in var.partners : name if partner.signing_version < 0 || floor(partner.signing_version) != partner.signing_version])}."
  }
  validation {
    condition     = alltrue(flatten([for partner in values(var.partners) : [for group in partner.readers : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", group))]]))
    error_message = "readers are the e-mail addresses of groups, such as analysts@acme.example."
  }
  validation {
    condition     = alltrue(flatten([for partner in values(var.partners) : [for person in partner.viewers : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", person))]]))
    error_message = "viewers are the e-mail addresses of people, such as ann@acme.example. Groups do not work, because an identity token does not name them."
  }
  validation {
    condition     = alltrue(flatten([for partner in values(var.partners) : [for identity in keys(partner.privacy_callers) : can(regex("^[^@:\\s\\pZ\\pC]+@[^@:\\s\\pZ\\pC]+$", identity))]]))
    error_message = "privacy_callers are the e-mail addresses of people and service accounts, such as privacy@acme-back-end.iam.gserviceaccount.com. Groups do not work, because an identity token does not name them."
  }
  validation {
    condition = alltrue(flatten([
      for partner in values(var.partners) : [for projects in values(partner.privacy_callers) : length(setsubtract(projects, keys(partner.projects))) == 0]
    ]))
    error_message = "Projects that do not belong to the partner: ${join(", ", flatten([for name, partner in var.partners : [for identity, projects in partner.privacy_callers : [for project in setsubtract(projects, keys(partner.projects)) : "${project} (${name}, ${identity})"]]]))}. A partner's privacy_callers may act for projects of that partner only."
  }
  validation {
    condition = alltrue(flatten([
      for partner in values(var.partners) : [
        for name, subscription in partner.subscriptions : (
          can(regex("^[a-z0-9-]{1,30}$", name))
          && can(regex("^https://[^\\s]+$", subscription.endpoint))
          && can(regex("^[A-Z]{2}$", subscription.country))
          && contains([for project in values(partner.projects) : project.cell], subscription.cell)
          && alltrue([for kind in subscription.kinds : contains(["chat", "room", "test"], kind)])
          && alltrue([for event in subscription.events : can(regex("^[A-Za-z0-9_-]+$", event))])
          && alltrue([for project in subscription.projects : contains(keys(partner.projects), project)])
        )
      ]
    ]))
    error_message = "A subscription has a short lower-case name, an https endpoint, and the country of the back end (two capital letters). Its cell and its projects must be the partner's. Its kinds are chat, room or test, and its events are names of events."
  }
  validation {
    condition = alltrue(flatten([
      for partner in values(var.partners) : [
        for subscription in values(partner.subscriptions) : (
          !try(var.cells[subscription.cell].gdpr, true)
          || contains(local.eu_countries, subscription.country)
          || length(trimspace(subscription.transfer_basis)) >= 10
        )
      ]
    ]))
    error_message = "These subscriptions send events from a gdpr cell out of the EU: ${join(", ", flatten([for partner, record in var.partners : [for name, subscription in record.subscriptions : "${partner}/${name} to ${subscription.country}" if !contains(local.eu_countries, subscription.country)]]))}. Say what the transfer relies on, for example transfer_basis = \"standard contractual clauses of 2026-03-01\"."
  }
}

variable "signing_secrets" {
  description = "The Standard Webhooks secrets (whsec_…) of partners with signed webhooks, by partner: one or two each. The state never contains them, so give them at every apply, as TF_VAR_signing_secrets."
  type        = map(list(string))
  default     = {}
  nullable    = false
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = alltrue([for name, partner in var.partners : partner.signing_version == 0 || length(try(var.signing_secrets[name], [])) > 0])
    error_message = "A partner with signing_version above 0 needs its secrets in signing_secrets at every apply. Without them, receive would accept its unsigned webhooks."
  }
  validation {
    condition     = alltrue([for name in keys(var.signing_secrets) : try(var.partners[name].signing_version > 0, false)])
    error_message = "signing_secrets names a partner that does not exist, or that has signing_version = 0. Raise signing_version whenever you change the secrets."
  }
  # functions/acceptance/signature.py accepts the same secrets. The message cannot name the secret that
  # is wrong, because Terraform never shows the content of this variable.
  validation {
    condition = alltrue(flatten([
      for secrets in values(var.signing_secrets) : [
        for secret in secrets : can(regex("^whsec_(?:[A-Za-z0-9+/]{4}){8,20}(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?|[A-Za-z0-9+/]{4}(?:[A-Za-z0-9+/]{2}(?:==)?)?)?$", secret))
      ]
    ]))
    error_message = "A signing secret is whsec_ followed by the base64 of 24 to 64 bytes. It may not end with a space or a newline; if it is in a file, read it with \"$(cat FILE)\", which removes the newline. Create a secret with: echo \"whsec_$(openssl rand -base64 32)\"."
  }
  validation {
    condition     = alltrue([for secrets in values(var.signing_secrets) : contains([1, 2], length(secrets)) && length(distinct(secrets)) == length(secrets)])
    error_message = "A partner in signing_secrets has one secret, or two different secrets while one is being replaced."
  }
}
