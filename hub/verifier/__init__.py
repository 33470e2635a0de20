"""Evidence bundles checked offline: `fengqiao-verify`. Needs Python and `cryptography`; nothing else of the hub."""
