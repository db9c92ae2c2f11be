"""`modelop_sdk.utils.logging`."""
