"""An incident's report as one HTML page that needs nothing but itself: for mail, ticket and post-mortem.

The document is made in `core.telling.report`; here it is drawn, and nothing is decided or computed.
"""
