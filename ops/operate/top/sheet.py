"""How the screen is laid out and coloured, as textual's style sheet."""

SHEET = """
Screen { layout: vertical; background: $background; }

#bar { height: 1; width: 1fr; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
#bar-row { height: 1; }
#notice { height: 1; width: auto; max-width: 60%; background: $panel; padding: 0 1; text-style: bold;
    color: $text-warning;
    text-wrap: nowrap; text-overflow: ellipsis; }
#upper { height: 1fr; }
#middle { height: 13; }
#tree { width: 30; }
#table { width: 1fr; }
#details { width: 1fr; }
#rates { width: 44; }
#events { height: 8; }
#filter { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
#filter.open { display: block; }
#small { display: none; width: 100%; height: 100%; content-align: center middle; text-align: center; }

#tree, #table, #details, #rates, #events {
    border-top: solid $panel-lighten-2; border-title-color: $text-muted; border-title-style: none;
    border-title-align: left; background: $background; padding: 0 1;
    scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; scrollbar-gutter: auto;
    scrollbar-color: $panel-lighten-3; scrollbar-background: $background;
}
#tree, #table, #events { padding: 0 1 0 0; }
#tree, #table, #events { overflow-x: hidden; overflow-y: auto; }
#tree:focus, #table:focus, #details:focus, #events:focus {
    border-top: solid $accent; border-title-color: $accent; border-title-style: bold;
}
#detail-lines { height: auto; width: 1fr; }

.grid--head { color: $text-muted; }
.grid--cursor { background: $primary-darken-3; text-style: bold; }
.grid--cursor-blurred { background: $panel; }

.lost #upper, .lost #middle { opacity: 55%; }

.narrow #rates { display: none; }
.narrow #tree { width: 21; }
.short #middle { height: 8; }
.short #events { height: 5; }

.small #bar-row, .small #upper, .small #middle, .small #events, .small #filter, .small Footer { display: none; }
.small #small { display: block; }

Confirm, Help { align: center middle; background: $background 60%; }
#dialog { width: 64; max-width: 100%; height: auto; max-height: 100%; border: round $warning;
    background: $surface; padding: 1 2; }
#question { margin-bottom: 1; }
#consequence { color: $text-muted; margin-bottom: 1; }
#buttons { height: 3; align-horizontal: right; }
#buttons Button { margin-left: 2; }
#help { width: 88; max-width: 100%; height: auto; max-height: 100%; border: round $accent;
    background: $surface; padding: 1 2; }
#help Static { height: auto; }
.note { margin-top: 1; color: $text-muted; }
"""
