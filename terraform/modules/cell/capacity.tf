# Warns where the instances do not suffice for the events that the cell expects.
#
# An event occupies a place in an instance of `receive`, and later of `load`, until it is durable.
# Half a second is a slow day: in tests it takes a tenth of that. Google's own quotas, and what to
# ask for, are in docs/real-cloud.md.
locals {
  seconds_in_a_place = 0.5

  instances_needed = {
    for name in ["receive", "load"] : name => ceil(var.settings.events_per_second * local.seconds_in_a_place / local.functions[name].concurrency)
  }
  too_few_instances = [
    for name, needed in local.instances_needed : "${name} may have ${lookup(var.settings.max_instances, name, local.functions[name].max)} and needs ${needed}"
    if lookup(var.settings.max_instances, name, local.functions[name].max) < needed
  ]
}

check "instances" {
  assert {
    condition     = length(local.too_few_instances) == 0
    error_message = "Cell ${var.name} expects ${var.settings.events_per_second} events a second (events_per_second): ${join(", ", local.too_few_instances)} instances. Raise max_instances. What is too much meanwhile waits in Pub/Sub, or is answered 503 and sent again."
  }
}
