"""What both venues' private sides share: accounts, their orders, and the engine that matches these."""
