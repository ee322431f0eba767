"""``feedtree top``: the live screen.

What the screen shows is worked out in files that know no terminal (`rows`, `columns`, `branches`, `series`, `board`,
`details`); the widgets show it (`grid`, `panels`, `dialogs`), the app joins them (`app`), and threads ask the app that
runs (`asker`, `poller`).
"""
