"""What all requests share: routes, who calls, whom they name, refusals, pages."""
