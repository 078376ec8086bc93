"""What every part stands on: paths, files, typed fields, registries, the cache of results."""
