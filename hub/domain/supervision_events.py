"""Events of supervision 督办 and of follow-up 回访. Moments as in `hub.domain.events`."""

from typing import ClassVar, Literal

from hub.domain.fact import Fact


class SupervisionRaised(Fact, tag="supervision_raised"):
    """A step of the ladder against the department `against`, for a task.

    `by`: the department that took it, or `hub`; `trigger`: what made the hub take it, or `person`. `deadline`: the
    number of the time limit that was the cause; `count`: of how many returns or breaches. `lower`: the step in whose place
    it comes. `answer` and `stands`: numbers of the limits for its answer and for how long it may stand.
    """

    supervision: str
    step: str
    referral: str
    task: str
    against: str
    by: str
    trigger: str
    at: str
    deadline: int | None = None
    count: int | None = None
    lower: str | None = None
    answer: int | None = None
    stands: int | None = None
    e: ClassVar[Literal["supervision_raised"]] = "supervision_raised"


class SupervisionAnswered(Fact, tag="supervision_answered"):
    """The supervised department answered; the step stands until it is cleared."""

    supervision: str
    at: str
    e: ClassVar[Literal["supervision_answered"]] = "supervision_answered"


class SupervisionCleared(Fact, tag="supervision_cleared"):
    """销号、解除. `by`: a department, or `hub`. `why`: a department's ground, or `done`, `annulled`, `task_gone`, `climbed`."""

    supervision: str
    by: str
    why: str
    at: str
    e: ClassVar[Literal["supervision_cleared"]] = "supervision_cleared"


class FollowedUp(Fact, tag="followed_up"):
    """回访. `task`: the lead's, where the follow-up counts as done. `satisfied`: None without a rating."""

    referral: str
    by: str
    reached: bool
    at: str
    legal_at: str
    task: str | None = None
    rating: int | None = None
    satisfied: bool | None = None
    e: ClassVar[Literal["followed_up"]] = "followed_up"
