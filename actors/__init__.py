"""What an actor is: mailbox, fan-out, publisher, ask, names, context, meters. Knows no supervisor and no exchange."""
