"""What tests of the mail to customers share: a mail server, a shop with customers, a clock that tests move."""

from workflows.storefront import box, shop, times

__all__ = ["box", "shop", "times"]
