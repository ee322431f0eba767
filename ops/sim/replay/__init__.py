"""A recorded Gate.io session, served again as the venue."""
