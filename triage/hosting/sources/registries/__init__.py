"""The registries of address ranges, asked by RDAP."""
