"""A conversation as the tree that it is: what is shown of it, and what stands beside each of its runs. Pure.

A run follows the one whose answer its person had before them when they asked. Runs that follow the same one stand
beside each other: they answer one question again (`regenerates`), or the question was edited.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID


class Node(NamedTuple):
    """A run's place in its conversation."""

    pk: UUID
    follows: UUID | None
    regenerates: UUID | None


@dataclass(frozen=True, slots=True)
class Switch:
    """Which of several alternatives is shown: the `number`-th of `total`. `before` and `after` are the runs that lead
    to its neighbours; at an end it is the run itself."""

    number: int
    total: int
    before: UUID
    after: UUID


class Tree:
    """All runs of a conversation, in the order in which they were asked."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = {node.pk: node for node in nodes}
        self._children: dict[UUID | None, list[UUID]] = {}
        for node in self._nodes.values():
            self._children.setdefault(self._parent(node.pk), []).append(node.pk)

    def __contains__(self, run: object) -> bool:
        return run in self._nodes

    def above(self, run: UUID) -> list[UUID]:
        """What was asked before `run` on its way from the first question, the nearest last."""
        found: list[UUID] = []
        at = self._parent(run)
        while at is not None:
            found.append(at)
            at = self._parent(at)
        return found[::-1]

    def path(self, through: UUID | None = None) -> list[UUID]:
        """From the first question through that run to the latest one below it; the latest of all without a run."""
        at = through if through in self._nodes else None
        found = [] if at is None else [*self.above(at), at]
        while below := self._children.get(at):
            at = below[-1]
            found.append(at)
        return found

    def answers(self, run: UUID) -> Switch:
        """The answers to the same question."""
        return _switch(self._beside(run)[self._first(run)], run)

    def questions(self, run: UUID) -> Switch:
        """What was asked in the place of the question, each by its latest answer."""
        beside = self._beside(run)
        first = self._first(run)
        return _switch([run if key == first else answers[-1] for key, answers in beside.items()], run)

    def _parent(self, run: UUID) -> UUID | None:
        follows = self._nodes[run].follows
        return follows if follows in self._nodes else None

    def _first(self, run: UUID) -> UUID:
        """The run that answered the question first."""
        while (before := self._nodes[run].regenerates) in self._nodes and before is not None:
            run = before
        return run

    def _beside(self, run: UUID) -> dict[UUID, list[UUID]]:
        """What follows the same run, by the first answer to each question."""
        found: dict[UUID, list[UUID]] = {}
        for one in self._children[self._parent(run)]:
            found.setdefault(self._first(one), []).append(one)
        return found


def _switch(runs: list[UUID], shown: UUID) -> Switch:
    at = runs.index(shown)
    return Switch(at + 1, len(runs), runs[max(at - 1, 0)], runs[min(at + 1, len(runs) - 1)])
