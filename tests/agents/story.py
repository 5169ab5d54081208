"""A run's events as a story: what two runs of one script have in common, however their streams were cut."""

from agents.events import Event, Finished, Text, Thinking, ToolCalled, ToolReturned


def story(events: list[Event]) -> list[object]:
    """The events without pieces, call ids, usage, and reasoning that was begun anew."""
    told: list[object] = []
    thought = ""
    for event in events:
        if isinstance(event, Thinking):
            thought = event.text if event.anew else thought + event.text
            continue
        if thought:
            told.append(("thinking", thought.strip()))
            thought = ""
        if isinstance(event, Text) and told and isinstance(told[-1], str):
            told[-1] += event.text
        elif isinstance(event, Text):
            told.append(event.text)
        elif isinstance(event, ToolCalled):
            told.append((event.kind, event.name, event.arguments, event.more))
        elif isinstance(event, ToolReturned):
            told.append((event.kind, event.name, event.error, event.sources, event.result))
        elif isinstance(event, Finished):
            told.append((event.kind, event.mode, event.answer))
        elif event.kind != "cited":
            told.append(event)
    return told


def citations(events: list[Event]) -> list[Event]:
    return [event for event in events if event.kind == "cited"]
