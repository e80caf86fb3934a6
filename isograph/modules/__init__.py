"""From modules to biology: eigengenes, channel roles, traits, stability."""
