# Warns where the instances do not suffice for the events that the cell expects.
#
# Until an event is durable, it counts towards the concurrency of an instance: first of `receive`,
# then of `load`. The estimate of half a second is cautious: tests measure a tenth of that. Google's
# own quotas, and which of them to raise, are in docs/real-cloud.md.
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
