"""What tests share: clones, workspaces, sites, and batches that are made up."""
