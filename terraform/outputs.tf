output "webhook_urls" {
  description = "The URLs to enter in the chat product, by partner, cell and token; they contain the tokens. Where you made the token yourself, put it in place of {token}."
  sensitive   = true
  value       = local.webhook_urls
}

output "try_it" {
  description = "A command for each partner and cell that sends one event; the answer is 200 and names the event's ingest id."
  sensitive   = true
  value = {
    for partner, cells in local.webhook_urls : partner => {
      for cell, tokens in cells : cell => join(" ", [
        "curl -sS -H 'Content-Type: application/json'",
        "-d '${jsonencode({
          event = "message_sent"
          value = {
            project = [for name, record in var.partners[partner].projects : name if record.cell == cell][0]
            user_id = "first-event"
          }
        })}'",
        "'${values(tokens)[0].events}'",
      ])
    }
  }
}

output "datasets" {
  description = "The dataset that BI tools query and those of partners with readers, by cell."
  value       = { for cell, outputs in module.cell : cell => outputs.datasets }
}

output "bi_connections" {
  description = "JDBC connection strings for BI tools, by cell; the sign-in is the tool's."
  value       = { for cell, outputs in module.cell : cell => outputs.bi_connection }
}

output "operate_urls" {
  description = "The operate functions, for operators: curl -H \"Authorization: Bearer $(gcloud auth print-identity-token)\" -X POST -d '' URL/replay."
  value       = { for cell, outputs in module.cell : cell => outputs.operate_url }
}

output "privacy_urls" {
  description = "The privacy functions, by cell; docs/privacy.md tells what to ask them."
  value       = { for cell, outputs in module.cell : cell => outputs.privacy_url }
}

output "cells" {
  description = "What each cell is made of, and where all of it has to be: `make verify` asks Google whether it is."
  value = {
    for cell, outputs in module.cell : cell => merge(outputs.parts, {
      projects = {
        for partner, record in local.partners_by_cell[cell] :
        partner => [for project, pinned in record.projects : project if pinned == cell]
      }
    })
  }
}

output "calls" {
  description = "By cell: the private functions that people call, and what subscriptions and jobs call. `make verify` asks Google whether it is so."
  value       = { for cell, outputs in module.cell : cell => outputs.calls }
}

output "dashboard_urls" {
  description = "The dashboards, by cell; a browser opens one where Identity-Aware Proxy is on."
  value       = { for cell, outputs in module.cell : cell => outputs.dashboard_url }
}

output "dashboard_commands" {
  description = "By cell: with `iap`, the command that switches the proxy on, once; without, the one that opens the dashboard at http://127.0.0.1:8080."
  value       = { for cell, outputs in module.cell : cell => outputs.dashboard_command }
}

locals {
  webhook_urls = {
    for name, partner in var.partners : name => {
      for cell in toset([for project in values(partner.projects) : project.cell]) : cell => {
        for token, path in merge(
          { for token in local.token_names[name] : token => random_password.token["${name}/${token}"].result },
          { for token in ["own"] : token => "{token}" if length(partner.tokens_sha256) > 0 },
          ) : token => {
          events = "${module.cell[cell].receive_url}/events/${path}"
          rooms  = "${module.cell[cell].receive_url}/rooms/${path}"
        }
      }
    }
  }
}
