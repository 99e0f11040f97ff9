"""`triage`: from a red square into the list of limitations and out of it; one module per group of subcommands."""
