"""How a simulator is started."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Settings of one simulator. The default is lockstep: time moves only when the control API moves it."""

    clock_file: Path | None = None
    """Written at every advance: the simulated time as epoch milliseconds, in decimal."""
    state_file: Path | None = None
    """The world as JSON, saved at every advance and at a clean stop, and read at the start."""
    scenario: object | None = None
    """The scenario document of the world to begin with, where no state file holds one."""
    rate_scale: float = 1.0
    """How many times faster than Amazon's the rate limits refill, in real time."""
    sqs_url: str | None = None
    """Endpoint of queues elsewhere, to which notifications are sent then, with the AWS credentials of the environment."""
    speed: float | None = None
    """Simulated seconds for each real second; None leaves time to the control API."""
