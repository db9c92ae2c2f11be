"""`configure_logger`, as dashboards call it."""
from modelop.utils import configure_logger

__all__ = ['configure_logger']
