"""When an account was not known to equal the venue's: fills the gap ledger. Pure: times are arguments."""

from feedtree.exchanges.endings import STOPPED
from feedtree.exchanges.gaps import GapLedger


class AccountCoverage:
    """The gaps of one account: from the last moment at which all was heard until it is consistent again.

    A gap closes as ``snapshot`` where comparisons with the venue explained everything: what was missed has been told,
    marked as recovered. It closes as ``lost`` where something stayed unexplained until it was acknowledged. An account
    that never was consistent has no gap.

    Args:
        venue: ``gateio.spot``.
        name: the account's, ``main``.

    Attributes:
        ledger: the gaps.
    """

    def __init__(self, venue: str, name: str) -> None:
        self.ledger = GapLedger(venue)
        self._key = f"private/{venue}/{name}"
        self._consistent = False  # at the last look
        self._acknowledged = False  # something was taken for explained since the gap began

    def look(self, consistent: bool, begin_ns: int, now_ns: int, cause: str) -> None:
        """Take note of whether the account is consistent.

        Args:
            consistent: what it is.
            begin_ns: where it is not, the last moment at which it certainly was.
            now_ns: the time.
            cause: where it is not, why; in a line.
        """
        if consistent == self._consistent:
            return
        self._consistent = consistent
        if not consistent:
            self._acknowledged = False
            self.ledger.open(self._key, begin_ns, cause)
            return
        self.ledger.close(self._key, now_ns, "lost" if self._acknowledged else "snapshot")

    def acknowledge(self) -> None:
        """Note that what nothing explains is taken for explained."""
        self._acknowledged = True

    def stopping(self) -> None:
        """Note that the account is about to be stopped for good: that is no gap, as any other stop is."""
        self.ledger.waive(STOPPED)

    def end(self, now_ns: int) -> None:
        """Note the end of the account: what was open then is lost."""
        self.ledger.end(now_ns)
