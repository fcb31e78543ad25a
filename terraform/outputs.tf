output "webhook_urls" {
  description = "The URLs to enter in the chat product, by partner, cell and token. They contain the tokens. If you created a token yourself, replace {token} with it."
  sensitive   = true
  value       = local.webhook_urls
}

output "try_it" {
  description = "A command that sends one event, by partner and cell. The response is 200 and contains the ingest id of the event."
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
  description = "The BI dataset, and the datasets of partners with readers, by cell."
  value       = { for cell, outputs in module.cell : cell => outputs.datasets }
}

output "bi_connections" {
  description = "JDBC addresses for BI tools, by cell. They contain no sign-in: the tool adds it."
  value       = { for cell, outputs in module.cell : cell => outputs.bi_connection }
}

output "operate_urls" {
  description = "The addresses of the function operate, by cell. Operators call it with, for example: curl -H \"Authorization: Bearer $(gcloud auth print-identity-token)\" -X POST -d '' URL/replay."
  value       = { for cell, outputs in module.cell : cell => outputs.operate_url }
}

output "privacy_urls" {
  description = "The addresses of the function privacy, by cell. docs/privacy.md lists its endpoints."
  value       = { for cell, outputs in module.cell : cell => outputs.privacy_url }
}

output "cells" {
  description = "The resources of each cell, and the region in which they must be. `make verify` asks Google whether they are there."
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
  description = "The private functions that people call, and the addresses that subscriptions and jobs call, by cell. `make verify` asks Google whether it has the same addresses."
  value       = { for cell, outputs in module.cell : cell => outputs.calls }
}

output "dashboard_urls" {
  description = "The addresses of the dashboards, by cell. A browser can open an address only if the cell uses Identity-Aware Proxy."
  value       = { for cell, outputs in module.cell : cell => outputs.dashboard_url }
}

output "dashboard_commands" {
  description = "The command that opens the dashboard at http://127.0.0.1:8080, by cell. If the cell has `iap`, it is instead the command that turns Identity-Aware Proxy on; run it once."
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
