"""Services that the tests of the wire share: one a profile and worker, started when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from wire import Running, Wire


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Running]]:
    """Return the running service of a profile; every test that may share its book uses it."""
    running: dict[str, Running] = {}

    def of(profile: str) -> Running:
        if profile not in running:
            running[profile] = Running(tmp_path_factory.mktemp(profile), profile=profile)
        return running[profile]

    yield of
    assert {name: one.stop() for name, one in running.items()} == dict.fromkeys(running, 0)


@pytest.fixture(autouse=True)
def closed_lines() -> Iterator[None]:
    """Close every client's connections after the test."""
    yield
    while Wire.opened:
        Wire.opened.pop().close()


@pytest.fixture
def plain(services: Callable[[str], Running]) -> Wire:
    """Return a client of the shared sandbox."""
    return Wire(services("plain").url)


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[..., Running]]:
    """Start services of the test's own; they are ended with it."""
    running: list[Running] = []

    def start(*said: str, folder: str = "serve", **more) -> Running:
        running.append(Running(tmp_path / folder, *said, **more))
        return running[-1]

    yield start
    for one in running:
        if one.process.returncode is None:
            one.stop()
