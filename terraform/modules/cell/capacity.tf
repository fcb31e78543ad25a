# Warns if the instances do not suffice for the events that the cell expects (`events_per_second`).
#
# While `receive` or `load` handles a request, the request counts towards the `concurrency` of its
# instance. The estimate for one event is half a second, which is cautious: tests measure a tenth of it.
# docs/real-cloud.md lists Google's own quotas, and says which of them to raise.
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
    error_message = "Cell ${var.name} expects ${var.settings.events_per_second} events a second (events_per_second): ${join(", ", local.too_few_instances)} instances. Raise max_instances. Until then, events beyond the limit wait in Pub/Sub, or get 503 and are sent again."
  }
}
