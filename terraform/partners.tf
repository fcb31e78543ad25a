# Computes, from `var.partners`, the tokens of partners and what each cell must know about them.

resource "random_password" "token" {
  for_each = merge([
    for name, partner in var.partners : {
      for token in partner.tokens : "${name}/${token}" => token
    } if length(partner.tokens_sha256) == 0
  ]...)

  length  = 40
  special = false # a token is a part of a URL's path
}

locals {
  token_names = {
    for name, partner in var.partners : name => length(partner.tokens_sha256) > 0 ? [] : sort(partner.tokens)
  }

  # The records that functions/acceptance/partners.py reads. They have digests instead of tokens, so
  # whoever reads a record cannot send events with it.
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

  # Project -> the cell that it is pinned to, and the cells that it was pinned to before.
  cells_by_project = merge([
    for partner in values(var.partners) : {
      for name, project in partner.projects : name => setunion([project.cell], project.former_cells)
    }
  ]...)

  # Each cell knows the partners that have or had a project there. Their records list all their
  # projects, so that a cell can answer that a project belongs to another cell.
  partners_by_cell = {
    for cell in keys(var.cells) : cell => {
      for name, partner in local.partners : name => partner
      if anytrue([for project in keys(partner.projects) : contains(local.cells_by_project[project], cell)])
    }
  }

  # Cell -> the projects of which it may have data, in the tables, the bucket or the dead letters.
  projects_by_cell = {
    for cell in keys(var.cells) : cell => toset([for project, cells in local.cells_by_project : project if contains(cells, cell)])
  }

  # Cell -> which projects each person sees on its dashboard. A partner's viewers see the partner's
  # projects in the cell, and the history of projects that have moved to another cell.
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

  # Cell -> for which projects each identity may call the function `privacy`. An identity without a list
  # of projects may act for all projects of its partner. Each cell knows the identities of all partners,
  # because it may have data of a project that is now pinned to another cell.
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

  # Each filter begins with the partner's name, and adds all other conditions with AND. So a subscription
  # cannot select events of another partner.
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
