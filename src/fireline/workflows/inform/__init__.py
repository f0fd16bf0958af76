"""Inform: tell the outside what happened, until it took it or a person knows that it did not.

Each vendor is a file with one `Messenger`; `Inform` makes the tries and writes down what became of them.
"""

from fireline.workflows.inform.messenger import ByHand, Messenger, Needless, Sent
from fireline.workflows.inform.told import Deliveries, Told
from fireline.workflows.inform.tries import Inform

__all__ = ["ByHand", "Deliveries", "Inform", "Messenger", "Needless", "Sent", "Told"]
