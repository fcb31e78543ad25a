# Who may send where, and with what: from `var.partners` to what each cell is told.

resource "random_password" "token" {
  for_each = merge([
    for name, partner in var.partners : {
      for token in partner.tokens : "${name}/${token}" => token
    } if length(partner.tokens_sha256) == 0
  ]...)

  length  = 40
  special = false # it is a part of a URL's path
}

locals {
  token_names = {
    for name, partner in var.partners : name => length(partner.tokens_sha256) > 0 ? [] : sort(partner.tokens)
  }

  # As functions/acceptance/partners.py reads it. The digests alone: reading it lets nobody in.
  partners = {
    for name, partner in var.partners : name => {
      tokens_sha256 = concat(
        sort(partner.tokens_sha256),
        [for token in local.token_names[name] : sha256(random_password.token["${name}/${token}"].result)],
      )
      projects    = { for project, record in partner.projects : project => record.cell }
      request_ids = partner.request_ids
    }
  }

  # The cell that each project is pinned to, and those that it was pinned to before.
  cells_by_project = merge([
    for partner in values(var.partners) : {
      for name, project in partner.projects : name => setunion([project.cell], project.former_cells)
    }
  ]...)

  # A partner is known in every cell where it has or had a project, with all of its projects: so a
  # cell can say that a project belongs elsewhere.
  partners_by_cell = {
    for cell in keys(var.cells) : cell => {
      for name, partner in local.partners : name => partner
      if anytrue([for project in keys(partner.projects) : contains(local.cells_by_project[project], cell)])
    }
  }

  # What a cell may have data of, even if it is of nobody yet or only beside the tables.
  projects_by_cell = {
    for cell in keys(var.cells) : cell => toset([for project, cells in local.cells_by_project : project if contains(cells, cell)])
  }

  # Whose numbers a person sees on a cell's dashboard. A partner's viewers see its projects there,
  # and the history of those that moved away.
  viewers_by_cell = {
    for cell, settings in var.cells : cell => {
      projects   = local.projects_by_cell[cell]
      everything = toset([for email in settings.viewers : lower(email)])
      some = {
        for email, projects in transpose({
          for name, project in merge([
            for partner in values(var.partners) : {
              for name, project in partner.projects : name => { viewers = partner.viewers }
            }
          ]...) : name => [for email in project.viewers : lower(email)] if contains(local.cells_by_project[name], cell)
        }) : email => toset(projects)
      }
    }
  }

  # Whose data an identity may have exported or erased. Without projects named, all of the partner's.
  # Every cell knows them all, because a cell may hold data of a project that is pinned elsewhere now.
  callers_by_cell = {
    for cell, settings in var.cells : cell => {
      projects   = local.projects_by_cell[cell]
      everything = toset([for email in settings.privacy_callers : lower(email)])
      some = {
        for email, projects in {
          for pair in flatten([
            for partner in values(var.partners) : [
              for email, projects in partner.privacy_callers : [
                for project in coalescelist(tolist(projects), keys(partner.projects)) :
                { email = lower(email), project = project }
              ]
            ]
          ]) : pair.email => pair.project...
        } : email => toset(projects)
      }
      owners = merge([
        for name, partner in var.partners : { for project in keys(partner.projects) : project => name }
      ]...)
    }
  }

  # What is ANDed is the partner's own attribute: whatever a subscription selects, it is theirs.
  subscription_filters = merge([
    for name, partner in var.partners : {
      for key, subscription in partner.subscriptions : "${name}/${key}" => join(" AND ", concat(
        ["attributes.partner = \"${name}\""],
        [
          for attribute, values in {
            kind    = sort(subscription.kinds)
            event   = sort(subscription.events)
            project = sort(subscription.projects)
          } : "(${join(" OR ", [for value in values : "attributes.${attribute} = \"${value}\""])})" if length(values) > 0
        ],
      ))
    }
  ]...)
}
