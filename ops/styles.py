"""The colours of states, for everything that shows them on a terminal."""

STYLES = {
    "live": "green",
    "up": "green",
    "running": "green",
    "serving": "green",
    "ready": "green",
    "connecting": "yellow",
    "syncing": "yellow",
    "stale": "yellow",
    "inconsistent": "bold yellow",
    "starting": "yellow",
    "restarting": "yellow",
    "stopping": "yellow",
    "flapping": "bold yellow",
    "stopped": "bold",
    "down": "bold red",
    "failed": "bold red",
    "rejected": "bold red",
    "stuck": "bold red",
}
