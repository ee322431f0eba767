"""The private domain: account streams, orders, and the truth after a reconnect. Knows nothing of the public one."""
