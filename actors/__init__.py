"""What an actor is: mailbox, fan-out, publisher, context, meters. Knows no supervisor and no exchange."""
