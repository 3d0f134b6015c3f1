"""The pages of known-hash lists, and of files that become one."""
